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
        try {
            return attach("cgroup " + cgroup, "bpf_program__attach_cgroup", cgroup);
        } catch (BpfException refused) {
            throw inWords(refused, cgroup);
        }
    }

    /// What the kernel means: whoever may load such a program has the privilege to attach it.
    private static BpfException inWords(BpfException refused, Path cgroup) {
        String why =
                switch (refused.errno()) {
                    case Errno.EPERM ->
                            "a program at cgroup "
                                    + cgroup
                                    + " or at one above it lets no other in beside itself; bpftool"
                                    + " cgroup tree shows it, as one without 'multi'";
                    case Errno.E2BIG ->
                            "cgroup " + cgroup + " has as many programs as the kernel takes, 64";
                    default -> "";
                };
        return why.isEmpty()
                ? refused
                : BpfException.of(why + " (" + refused.getMessage() + ")", Errno.EBUSY);
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
