package io.skerry.edge.bpf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class BpfObjectTest {
    /// `exit`, the last instruction of every program.
    private static final long EXIT = 0x95L;

    @BeforeAll
    static void needsTheKernel() {
        Kernel.required();
    }

    @Test
    void everyCommittedObjectIsTakenByThisKernel() throws BpfException {
        for (String name : List.of("toa_edge", "toa_origin")) {
            try (BpfObject object = BpfObject.open(name)) {
                object.load();
            }
        }
    }

    @Test
    void whatIsNoObjectIsRefusedInTheWordsOfLibbpf() {
        byte[] text = "this is no object".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> BpfObject.open("nonsense", text))
                .isInstanceOf(BpfException.class)
                .hasMessageStartingWith("open nonsense: ")
                .hasMessageContaining("libbpf says:");
    }

    @Test
    void aProgramTheVerifierRefusesIsRefusedWithItsReason() throws BpfException {
        byte[] broken = withoutExit(BpfObject.resource("toa_edge"));
        try (BpfObject object = BpfObject.open("toa_edge", broken)) {
            assertThatThrownBy(object::load)
                    .isInstanceOf(BpfException.class)
                    .hasMessageStartingWith("load toa_edge: Invalid argument (22); libbpf says: ")
                    .hasMessageContaining("toa_write")
                    .hasMessageContaining("insn");
        }
    }

    private static byte[] withoutExit(byte[] object) {
        ByteBuffer bytes = ByteBuffer.wrap(object).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i + 8 <= object.length; i += 8) {
            if (bytes.getLong(i) == EXIT) {
                bytes.putLong(i, 0x00000000000000b7L); // r0 = 0
                return object;
            }
        }
        throw new IllegalStateException("no program in the object");
    }

    @Test
    void aNameThatIsNotThereIsRefused() throws BpfException {
        try (BpfObject object = BpfObject.open("toa_edge")) {
            assertThatThrownBy(() -> object.program("nobody"))
                    .isInstanceOf(BpfException.class)
                    .hasMessageContaining("find program nobody");
            assertThatThrownBy(() -> object.map("nothing"))
                    .isInstanceOf(BpfException.class)
                    .hasMessageContaining("find map nothing");
        }
    }

    @Test
    void aFolderThatIsNoCgroupIsRefusedBeforeTheKernelIsAsked() throws BpfException {
        try (BpfObject object = BpfObject.open("toa_edge")) {
            object.load();
            BpfProgram program = object.program("toa_write");
            assertThatThrownBy(() -> program.attachCgroup(Path.of("/nowhere/at/all")))
                    .hasMessage("there is no cgroup /nowhere/at/all");
            assertThatThrownBy(() -> program.attachCgroup(Path.of("/tmp")))
                    .hasMessageStartingWith("/tmp is no cgroup (");
        }
    }

    @Test
    void aProgramAttachesToTheCgroupOfThisProcessAndGoesWithItsLink() throws BpfException {
        Path cgroup = Cgroup.ofThisProcess().orElseThrow();
        try (BpfObject object = BpfObject.open("toa_edge")) {
            object.load();
            BpfLink first = object.program("toa_write").attachCgroup(cgroup);
            try (BpfLink second = object.program("toa_write").attachCgroup(cgroup)) {
                assertThat(second).isNotSameAs(first);
            }
            first.close();
            first.close();
        }
    }

    @Test
    void aClosedObjectIsNotTouched() throws BpfException {
        BpfObject object = BpfObject.open("toa_edge");
        object.close();
        object.close();
        assertThatThrownBy(object::load).isInstanceOf(IllegalStateException.class);
    }
}
