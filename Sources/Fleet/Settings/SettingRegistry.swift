extension SettingDefinition {
    /// Every setting there is, in the order in which they are shown.
    package static let all: [SettingDefinition] = [
        .image, .rootMode, .kernelArguments, .console, .loader, .overlaySize, .nbdConnections, .onFailure,
        .timeZone,
        .authorisedKeys, .rootPasswordHash, .hosts, .files,
    ]

    package static func named(_ name: String) -> SettingDefinition? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    package static let image = Self(
        "image", .text, .text(""),
        "The image to boot: NAME, NAME@CHANNEL or NAME@VERSION; empty means the server's only or default image"
    )
    package static let rootMode = Self(
        "root-mode", .choice(["nbd"]), .text("nbd"), "How the node gets its root file system")
    package static let kernelArguments = Self(
        "kernel-arguments", .list, .list([]), "Words added to the kernel command line")
    package static let console = Self(
        "console", .list, .list(["tty0"]), "Consoles of the kernel; the last one is /dev/console")
    package static let loader = Self(
        "loader", .choice(["auto", "ipxe", "snponly", "grub"]), .text("auto"),
        "Boot loader of UEFI nodes; grub is the signed chain for Secure Boot")
    package static let overlaySize = Self(
        "overlay-size", .text, .text("50%"), "Memory that changes to the root may take: a percentage or 512M")
    package static let nbdConnections = Self(
        "nbd-connections", .integer(1...16), .integer(2), "NBD connections of one node")
    package static let onFailure = Self(
        "on-failure", .choice(["retry", "shell", "reboot"]), .text("retry"),
        "What a node does when its boot fails")
    package static let timeZone = Self(
        "time-zone", .text, .text("Etc/UTC"), "Time zone, as in /usr/share/zoneinfo")
    package static let authorisedKeys = Self(
        "ssh-authorised-keys", .list, .list([]), "SSH public keys that may log in as root")
    package static let rootPasswordHash = Self(
        "root-password-hash", .text, .text(""),
        "Hash of root's password, as in /etc/shadow; empty leaves the image's",
        isSecret: true)
    package static let hosts = Self(
        "hosts", .map, .map([:]), "Lines for /etc/hosts: address=name [alias …]")
    package static let files = Self(
        "files", .map, .map([:]),
        "Files written before init: /path=content; :MODE behind the path sets the mode")

    /// What is wrong with a value beyond its kind; nil when nothing is.
    static func problem(of value: SettingValue, in name: String) -> String? {
        switch (name, value) {
        case (image.name, .text(let text)):
            text.isEmpty || ImageReference(text) != nil
                ? nil : "‘\(text)’ is not NAME, NAME@CHANNEL or NAME@VERSION"
        case (kernelArguments.name, .list(let words)), (console.name, .list(let words)):
            words.first { !$0.isOneWord }.map { "‘\($0)’ is not one word" }
        case (timeZone.name, .text(let zone)):
            zone.isOneWord && !zone.hasPrefix("/") && !zone.contains("..")
                ? nil : "‘\(zone)’ is not a time zone"
        case (overlaySize.name, .text(let size)):
            isOverlaySize(size) ? nil : "‘\(size)’ is neither a percentage (50%) nor a size (512M, 2G)"
        case (rootPasswordHash.name, .text(let hash)):
            hash.isEmpty || (hash.hasPrefix("$") && hash.isOneWord && !hash.contains(":"))
                ? nil : "not a crypt(3) hash; make one with: mkpasswd -m yescrypt"
        case (authorisedKeys.name, .list(let keys)):
            keys.first { $0.contains("\n") || $0.split(separator: " ").count < 2 }.map {
                "‘\($0)’ is not a public key"
            }
        case (files.name, .map(let files)):
            files.keys.first { ConfiguredFile(key: $0) == nil }.map { "‘\($0)’ is not an absolute path" }
        default: nil
        }
    }

    private static func isOverlaySize(_ size: String) -> Bool {
        guard let unit = size.last, "%KMG".contains(unit), let number = Int(size.dropLast()), number > 0
        else {
            return false
        }
        return unit != "%" || number <= 100
    }
}

/// The key of one entry of `files`: an absolute path, with `:MODE` in octal behind it when it is not 644.
package struct ConfiguredFile: Equatable, Sendable {
    /// Without the slash in front.
    package var path: String
    package var mode: UInt32

    package init?(key: String) {
        var path = key[...]
        mode = 0o644
        if let colon = path.lastIndex(of: ":") {
            guard let mode = UInt32(path[path.index(after: colon)...], radix: 8), mode <= 0o7777 else {
                return nil
            }
            self.mode = mode
            path = path[..<colon]
        }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("/"), parts.count > 1,
            parts.dropFirst().allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") })
        else { return nil }
        self.path = parts.dropFirst().joined(separator: "/")
    }
}

extension String {
    /// Printable, and without anything that could end a word of a kernel command line or a boot script.
    fileprivate var isOneWord: Bool {
        !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
    }
}
