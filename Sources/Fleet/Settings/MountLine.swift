import Wire

/// A line of `/etc/fstab`, by its mount point.
package struct MountLine: SettingEntry {
    /// The mount point; `swap` and `none` are no places.
    package let key: String
    /// `DEVICE TYPE [OPTIONS [DUMP PASS]]`, or `off`.
    package let text: String
    private let fields: [String]

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard Self.isKey(key) else {
            throw InvalidSetting("‘\(key)’ is not an absolute path of a mount point")
        }
        let fields = text.split(whereSeparator: \.isWhitespace).map(String.init)
        (self.key, self.text, self.fields) = (key, text, fields)
        if isOff { return }
        guard !text.contains(where: \.isNewline), (2...5).contains(fields.count),
            fields.allSatisfy({ $0.unicodeScalars.allSatisfy { !PlainText.isControl($0) } }),
            fields.dropFirst(3).allSatisfy({ Int($0) != nil })
        else {
            throw InvalidSetting(
                "‘\(key)=\(text)’ is not PLACE=DEVICE TYPE [OPTIONS [DUMP PASS]], such as /srv=LABEL=data ext4 nofail,noatime"
            )
        }
    }

    /// Whether a weaker level's line is not wanted.
    package var isOff: Bool { text == "off" }
    package var device: String { fields[0] }
    package var options: [Substring] { fields.count > 2 ? fields[2].split(separator: ",") : [] }
    /// Whether it is mounted at all: `noauto` waits for a person.
    package var isMounted: Bool { key.hasPrefix("/") && !options.contains("noauto") && fields[1] != "swap" }

    /// As fstab(5) has it.
    package var line: String {
        let rest = fields.dropFirst()
        let options = rest.count > 1 ? Array(rest.dropFirst()) : ["defaults"]
        let numbers = options.dropFirst() + ["0", "0"].dropFirst(options.count - 1)
        return ([device, key, rest.first ?? "auto", options[0]] + numbers).joined(separator: " ")
    }

    /// Types of file systems that are on a disk.
    private static let diskTypes = ["ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "f2fs"]

    package var flaw: Sentence? {
        guard !isOff else { return nil }
        let begins = ["/", "LABEL=", "UUID=", "PARTLABEL=", "PARTUUID="].contains { device.hasPrefix($0) }
        if !begins, Self.diskTypes.contains(fields[1]) {
            return "‘\(device)’ is not a device: /dev/…, LABEL=… or UUID=…"
        }
        let isKind = fields[1].utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                || [0x2E, 0x2C, 0x2D].contains($0)
        }
        return isKind ? nil : "‘\(fields[1])’ is not a file system type"
    }

    /// A mount point.
    static func isKey(_ text: String) -> Bool {
        if text == "swap" || text == "none" { return true }
        guard text.hasPrefix("/"), text.isOneWord else { return false }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return text == "/" || parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }
}
