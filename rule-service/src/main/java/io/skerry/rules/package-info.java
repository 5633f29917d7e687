/// The rule service: owns the configuration, numbers and publishes it, and knows what each node
/// runs.
@NullMarked
package io.skerry.rules;

import org.jspecify.annotations.NullMarked;
