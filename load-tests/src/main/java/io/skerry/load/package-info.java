/// The benchmark: a small generator and origin in C, the peers and Skerry side by side.
@NullMarked
package io.skerry.load;

import org.jspecify.annotations.NullMarked;
