/// Limits by their names.
@NullMarked
package io.skerry.rules.limit;

import org.jspecify.annotations.NullMarked;
