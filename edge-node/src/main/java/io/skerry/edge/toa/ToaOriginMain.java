package io.skerry.edge.toa;

import io.skerry.edge.bpf.BpfException;
import io.skerry.edge.bpf.Errno;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/// `./skerry toa-origin`: the real client address for unmodified programs at the origin.
public final class ToaOriginMain {
    private static final String HELP =
            """
            usage: ./skerry toa-origin attach --cgroup PATH --trust CIDR[,CIDR...]
                                              [--kind-ipv4 KIND[,KIND...]] [--kind-ipv6 KIND[,KIND...]] [--pin DIR]
                   ./skerry toa-origin status [--watch] [--pin DIR]
                   ./skerry toa-origin detach [--pin DIR]

            On an origin: makes accept() and getpeername() of every program in a cgroup answer the client that
            an edge node passed in a TCP option (TOA), without a kernel module. Stays until detach, also after
            this command has ended; attach again changes it without losing what is open.

              --cgroup PATH     folder of a cgroup v2 in or below which programs listen, and which outlives
                                them, such as /sys/fs/cgroup/system.slice
              --trust CIDR      networks of the edge nodes; the option of all others is not believed
              --kind-ipv4 KIND  kinds read as an IPv4 client (default 200)
              --kind-ipv6 KIND  kinds read as an IPv6 client (default 253)
              --pin DIR         where it is pinned (default /sys/fs/bpf/skerry-toa)
              --watch           prints the counters every second

            Needs root, Linux 5.10 or newer and libbpf.so.1. docs/features/toa.md says more.
            """;

    private static final Duration WATCH = Duration.ofSeconds(1);
    private static final int MISTAKEN = 2;

    private ToaOriginMain() {}

    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments), System.out, System.err));
    }

    /// @return the exit status
    static int run(List<String> arguments, PrintStream out, PrintStream err) {
        if (arguments.contains("--help") || arguments.contains("-h")) {
            out.print(HELP);
            return 0;
        }
        try {
            return run(ToaOriginCommand.read(arguments), out, err);
        } catch (ToaOriginCommand.Mistaken mistaken) {
            err.println(
                    "skerry: toa-origin: "
                            + mistaken.getMessage()
                            + " (see ./skerry toa-origin --help)");
            return MISTAKEN;
        } catch (BpfException refused) {
            err.println("skerry: toa-origin: " + ToaNeeds.reason(refused));
            return 1;
        }
    }

    private static int run(ToaOriginCommand command, PrintStream out, PrintStream err)
            throws BpfException {
        ToaOrigin origin = new ToaOrigin(command.pins());
        switch (command) {
            case ToaOriginCommand.Attach(var pins, var wanted) -> {
                String old = ToaNeeds.kernel(System.getProperty("os.version", "")).orElse("");
                if (!old.isEmpty()) {
                    throw BpfException.of(old, Errno.ENOSYS);
                }
                boolean replaced = origin.isAttached();
                origin.attach(wanted);
                out.println(
                        (replaced ? "attached again" : "attached")
                                + " to "
                                + wanted.cgroup()
                                + ", trusting "
                                + wanted.trusted());
            }
            case ToaOriginCommand.Detach detach ->
                    out.println(origin.detach() ? "detached" : "nothing was attached");
            case ToaOriginCommand.Status status -> {
                if (!origin.isAttached()) {
                    err.println("skerry: toa-origin: nothing is attached at " + command.pins());
                    return 1;
                }
                print(origin.status(), out);
                if (status.watch()) {
                    watch(origin, out);
                }
            }
        }
        return 0;
    }

    /// Goes on until somebody detaches, or interrupts the command. Who attaches again puts new pins
    /// in the place of the old one by one: only what is missing twice is gone.
    private static void watch(ToaOrigin origin, PrintStream out) throws BpfException {
        boolean wasThere = true;
        boolean isThere = true;
        while ((wasThere || isThere) && !Thread.interrupted()) {
            LockSupport.parkNanos(WATCH.toNanos());
            Optional<ToaOrigin.Status> status = now(origin);
            status.ifPresent(found -> {
                out.println();
                print(found, out);
            });
            wasThere = isThere;
            isThere = status.isPresent();
        }
        out.println();
        out.println("detached");
    }

    private static Optional<ToaOrigin.Status> now(ToaOrigin origin) throws BpfException {
        try {
            return origin.isAttached() ? Optional.of(origin.status()) : Optional.empty();
        } catch (BpfException refused) {
            if (refused.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /// The table of the kernel module, with what it has not below.
    private static void print(ToaOrigin.Status status, PrintStream out) {
        out.println(
                "cgroup  "
                        + status.cgroup()
                                .map(Object::toString)
                                .orElse("gone: attach again to the new one"));
        out.println("trusts  " + status.trusted());
        int processors = status.stats().values().iterator().next().length;
        StringBuilder head = new StringBuilder(" ".repeat(33));
        for (int i = 0; i < processors; i++) {
            head.append(String.format(" %9s", "CPU" + i));
        }
        out.println(head);
        status.stats()
                .forEach((stat, values) -> {
                    StringBuilder line = new StringBuilder(String.format("%-33s:", stat.word()));
                    for (long value : values) {
                        line.append(String.format(" %9d", value));
                    }
                    out.println(line);
                });
        out.flush();
    }
}
