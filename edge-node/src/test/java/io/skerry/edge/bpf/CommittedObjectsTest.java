package io.skerry.edge.bpf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The objects beside the classes are what the C files give: every program, map, relocation and the
/// types the kernel reads. What only debuggers read may differ.
@Timeout(120)
class CommittedObjectsTest {
    private static final Path SOURCES =
            Path.of(System.getProperty("skerry.root", ".."), "edge-node/src/main/bpf");

    @TempDir private Path folder;

    @Test
    void everyObjectIsWhatItsSourceGives() throws Exception {
        Process build =
                new ProcessBuilder(SOURCES.resolve("build").toString(), folder.toString())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(build.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(build.waitFor(60, TimeUnit.SECONDS)).isTrue();
        if (build.exitValue() != 0 && said.contains("needed")) {
            Kernel.missing(said.strip());
        }
        assertThat(build.exitValue()).as(said).isZero();

        List<String> built = names(folder);
        assertThat(built).isNotEmpty();
        for (String name : built) {
            byte[] ours = BpfObject.resource(name);
            byte[] fresh = Files.readAllBytes(folder.resolve(name + ".bpf.o"));
            assertThat(sections(ours))
                    .as("%s.bpf.o is older than its source: run ./skerry bpf", name)
                    .isEqualTo(sections(fresh));
        }
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .map(name -> name.substring(0, name.indexOf('.')))
                    .sorted()
                    .toList();
        }
    }

    /// Name to content of the sections that count, of a 64-bit little-endian ELF file.
    private static Map<String, String> sections(byte[] object) {
        ByteBuffer elf = ByteBuffer.wrap(object).order(ByteOrder.LITTLE_ENDIAN);
        int table = (int) elf.getLong(0x28);
        int size = elf.getShort(0x3a);
        int count = elf.getShort(0x3c);
        int names = (int) elf.getLong(table + elf.getShort(0x3e) * size + 0x18);
        Map<String, String> found = new TreeMap<>();
        for (int i = 1; i < count; i++) {
            int header = table + i * size;
            String name = text(object, names + elf.getInt(header));
            int type = elf.getInt(header + 4);
            int offset = (int) elf.getLong(header + 0x18);
            int length = (int) elf.getLong(header + 0x20);
            if (counts(name, type)) {
                found.put(name, HexFormat.of().formatHex(object, offset, offset + length));
            }
        }
        assertThat(found).containsKeys(".maps", "license", ".BTF");
        return found;
    }

    private static boolean counts(String name, int type) {
        boolean forDebuggers =
                name.startsWith(".debug")
                        || name.contains(".BTF.ext")
                        || name.startsWith(".llvm")
                        || name.equals(".strtab");
        boolean progbits = type == 1;
        boolean relocations = type == 9;
        return !forDebuggers && (progbits || relocations);
    }

    private static String text(byte[] object, int start) {
        int end = start;
        while (object[end] != 0) {
            end++;
        }
        return new String(object, start, end - start, StandardCharsets.UTF_8);
    }
}
