package io.skerry.edge.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CgroupTest {
    private static final String PROC = "22 1 0:20 / /proc rw - proc proc rw";
    private static final String V1 = "36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw";

    @ParameterizedTest(name = "{0}: {3}")
    @CsvSource({
        "unified,         41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw, 0::/a/b.service,"
                + " /sys/fs/cgroup/a/b.service",
        "hybrid,          41 31 0:38 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw,"
                + " 0::/, /sys/fs/cgroup/unified",
        "container,       41 31 0:38 /docker/c1 /sys/fs/cgroup ro - cgroup2 cgroup rw,"
                + " 0::/docker/c1/x, /sys/fs/cgroup/x",
        "space,           41 31 0:38 / /my\\040groups rw - cgroup2 cgroup2 rw, 0::/x, /my groups/x",
    })
    void theFolderIsFoundWhereverTheMountIs(
            String kind, String mount, String cgroup, String expected) {
        assertThat(Cgroup.folder(List.of(PROC, V1, mount), List.of("4:memory:/m", cgroup)))
                .contains(Path.of(expected));
    }

    @Test
    void withoutVersionTwoThereIsNone() {
        String v2 = "41 31 0:38 /docker/c1 /sys/fs/cgroup rw - cgroup2 cgroup rw";
        assertThat(Cgroup.folder(List.of(PROC, V1), List.of("0::/"))).isEmpty();
        assertThat(Cgroup.folder(List.of(v2), List.of("4:memory:/"))).isEmpty();
        assertThat(Cgroup.folder(List.of(v2), List.of("0::/elsewhere"))).isEmpty();
        assertThat(Cgroup.folder(List.of("nonsense", ""), List.of("0::/"))).isEmpty();
    }

    @Test
    void aCgroupOfVersionOneIsToldApart() {
        Path folder = Path.of("/sys/fs/cgroup/memory");
        assertThatThrownBy(() -> Cgroup.check(folder, FileSystem.CGROUP1))
                .isInstanceOf(BpfException.class)
                .hasMessageStartingWith("/sys/fs/cgroup/memory is a cgroup of version 1");
        assertThatThrownBy(() -> Cgroup.check(folder, FileSystem.OTHER))
                .isInstanceOf(BpfException.class)
                .hasMessageStartingWith("/sys/fs/cgroup/memory is no cgroup (neither");
    }

    @Test
    void whatIsNotThereAndWhatIsAFileAreToldApart(@TempDir Path folder) throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        assertThatThrownBy(() -> Cgroup.check(file))
                .isInstanceOf(BpfException.class)
                .hasMessageStartingWith(file + " is no folder; name a folder below a mount");
        assertThatThrownBy(() -> Cgroup.check(folder.resolve("gone")))
                .isInstanceOf(BpfException.class)
                .hasMessage("there is no cgroup " + folder.resolve("gone"));
    }
}
