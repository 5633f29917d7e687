/// eBPF by `libbpf.so.1`: objects are opened from the resources of this package, loaded, attached;
/// maps are read and written. Nothing here knows what the programs are for.
@NullMarked
package io.skerry.edge.bpf;

import org.jspecify.annotations.NullMarked;
