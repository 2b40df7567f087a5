/// A path as firmware asks for it, made into one form.
package enum TFTPPath {
    /// Path components joined by single slashes, without a slash in front; nil when it climbs above the top or holds
    /// control characters. Backslashes are slashes: Windows boot managers and some PXE stacks send them. Empty
    /// components vanish: shim asks for `//grubx64.efi`. So does the end mark of DHCP options behind the name: old ROMs read option 67
    /// further than its length, where another server than ours gave it.
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
