package io.skerry.edge.udp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.skerry.shared.process.SettingsReader;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UdpSettingsTest {
    @Test
    void hasTheDefaultsOfTheDocumentation() {
        assertThat(UdpSettings.read(SettingsReader.of(Map.of())))
                .isEqualTo(new UdpSettings(1_000, 4_194_304))
                .isEqualTo(UdpSettings.DEFAULTS);
    }

    @Test
    void readsEverySetting() {
        SettingsReader reader =
                SettingsReader.of(
                        Map.of("udp.sessions-per-client", "7", "udp.receive-buffer", "70000"));
        assertThat(UdpSettings.read(reader)).isEqualTo(new UdpSettings(7, 70_000));
        reader.finish();
    }

    @Test
    void refusesValuesOutsideTheirRange() {
        for (String value : new String[] {"0", "65536"}) {
            SettingsReader reader = SettingsReader.of(Map.of("udp.sessions-per-client", value));
            UdpSettings.read(reader);
            assertThatThrownBy(reader::finish).hasMessageContaining("from 1 to 65535");
        }
    }
}
