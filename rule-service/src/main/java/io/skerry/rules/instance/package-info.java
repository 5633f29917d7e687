/// Instances: what people may do with them, and how they are shown.
@NullMarked
package io.skerry.rules.instance;

import org.jspecify.annotations.NullMarked;
