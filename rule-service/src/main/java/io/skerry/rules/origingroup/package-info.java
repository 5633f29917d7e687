/// Origin groups, shared by rules.
@NullMarked
package io.skerry.rules.origingroup;

import org.jspecify.annotations.NullMarked;
