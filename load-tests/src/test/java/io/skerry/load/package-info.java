@NullMarked
package io.skerry.load;

import org.jspecify.annotations.NullMarked;
