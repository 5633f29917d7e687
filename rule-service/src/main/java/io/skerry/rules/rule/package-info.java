/// Forwarding rules: create, change, list, import and export.
@NullMarked
package io.skerry.rules.rule;

import org.jspecify.annotations.NullMarked;
