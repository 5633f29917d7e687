/// Rollouts in waves: the gate, what moves them on, and what people may do with them.
@NullMarked
package io.skerry.rules.rollout;

import org.jspecify.annotations.NullMarked;
