package io.skerry.shared.instance;

/// What an instance is asked to be. Made by {@link InstanceReader}.
///
/// @param name 1 to 50 of `a-z 0-9 -`, no hyphen first, last or doubled; never changes
/// @param area where it is served
/// @param ipv6 whether its ports are open on IPv6 too
/// @param fixedIp whether it has a slot, and so addresses, of its own
/// @param crossBorder mainland acceleration; kept, with no effect yet
/// @param protection DDoS protection; kept, with no effect yet
public record InstanceSpec(
        String name,
        Area area,
        boolean ipv6,
        boolean fixedIp,
        boolean crossBorder,
        Protection protection) {
    public InstanceSpec with(boolean newIpv6, boolean newCrossBorder) {
        return new InstanceSpec(name, area, newIpv6, fixedIp, newCrossBorder, protection);
    }
}
