package io.skerry.edge.clientaddress;

import java.util.Arrays;
import java.util.HexFormat;

/// One type-length-value field of a PROXY version 2 header. Immutable.
public final class Tlv {
    /// Checksum of the whole header.
    public static final int CRC32C = 0x03;

    /// Padding without a meaning.
    public static final int NOOP = 0x04;

    private final int type;
    private final byte[] value;

    /// @param type 0 to 255
    /// @param value 0 to 65,532 bytes
    public Tlv(int type, byte[] value) {
        if (type < 0 || type > 0xff || value.length > 0xffff - 3) {
            throw new IllegalArgumentException("type " + type + ", " + value.length + " bytes");
        }
        this.type = type;
        this.value = value.clone();
    }

    public int type() {
        return type;
    }

    public byte[] value() {
        return value.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Tlv tlv && tlv.type == type && Arrays.equals(tlv.value, value);
    }

    @Override
    public int hashCode() {
        return 31 * type + Arrays.hashCode(value);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits((byte) type) + "=" + HexFormat.of().formatHex(value);
    }
}
