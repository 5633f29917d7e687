package io.skerry.edge.bpf;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// One program of a {@link BpfObject}.
public final class BpfProgram {
    private final BpfObject owner;
    private final String name;
    private final MemorySegment program;

    BpfProgram(BpfObject owner, String name, MemorySegment program) {
        this.owner = owner;
        this.name = name;
        this.program = program;
    }

    /// Leaves the program out when its object is loaded.
    public void skip() throws BpfException {
        LibBpf.number("skip " + name, "bpf_program__set_autoload", pointer(), false);
    }

    /// Attaches to a cgroup v2, beside whatever else is attached there.
    ///
    /// @param cgroup its folder
    /// @return the attachment; closing it, also by the end of the process, detaches
    public BpfLink attachCgroup(Path cgroup) throws BpfException {
        Cgroup.check(cgroup);
        return attach("cgroup " + cgroup, "bpf_program__attach_cgroup", cgroup);
    }

    /// Attaches to a network namespace.
    ///
    /// @param namespace such as `/proc/self/ns/net`
    /// @return the attachment; closing it, also by the end of the process, detaches
    public BpfLink attachNetns(Path namespace) throws BpfException {
        return attach("netns " + namespace, "bpf_program__attach_netns", namespace);
    }

    private BpfLink attach(String where, String function, Path path) throws BpfException {
        try (Descriptor target = Descriptor.open(path)) {
            MemorySegment link =
                    LibBpf.pointer(
                            "attach " + name + " to " + where, function, pointer(), target.fd());
            return new BpfLink(name, link);
        }
    }

    private MemorySegment pointer() {
        owner.object();
        return program;
    }
}
