/// Edge nodes: reports, roster, and the statuses that follow from them.
@NullMarked
package io.skerry.rules.node;

import org.jspecify.annotations.NullMarked;
