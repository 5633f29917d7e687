/// Lists by offset and limit.
@NullMarked
package io.skerry.rules.page;

import org.jspecify.annotations.NullMarked;
