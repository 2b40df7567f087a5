/// A path as firmware asks for it, made into one form.
package enum TFTPPath {
    /// Path components joined by single slashes, without a slash in front; nil when it climbs above the top or holds
    /// control characters. Backslashes are slashes: Windows boot managers and some PXE stacks send them. Empty
    /// components vanish: shim asks for `//grubx64.efi`.
    package static func canonical(_ path: String) -> String? {
        guard path.utf8.count <= 512, path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            return nil
        }
        var parts: [Substring] = []
        for part in path.split(whereSeparator: { $0 == "/" || $0 == "\\" }) {
            switch part {
            case ".": continue
            case "..": return nil
            default: parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
