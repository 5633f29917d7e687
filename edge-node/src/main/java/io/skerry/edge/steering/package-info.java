/// Steering: tens of thousands of ports on a few sockets, by a kernel program that looks at what no
/// connected socket takes (`sk_lookup`). Entry: `KernelSteering`.
@NullMarked
package io.skerry.edge.steering;

import org.jspecify.annotations.NullMarked;
