/// A path as firmware asks for it, normalised.
package enum TFTPPath {
    /// Path components joined by single slashes, without a leading slash; nil when it climbs above the root or contains control characters.
    /// Backslashes count as slashes: Windows boot managers and some PXE stacks send them. Empty components are dropped: shim asks for
    /// `//grubx64.efi`. So is the end mark of DHCP options after the name: old ROMs read option 67 past its length when another server sent
    /// it.
    package static func canonical(_ path: String) -> String? {
        guard path.utf8.count <= 512, path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            return nil
        }
        var parts: [Substring] = []
        let name = path.hasSuffix("\u{FFFD}") ? path.dropLast() : path[...]
        for part in name.split(whereSeparator: { $0 == "/" || $0 == "\\" }) {
            switch part {
            case ".": continue
            case "..": guard parts.popLast() != nil else { return nil }
            default: parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
