import Wire

extension SettingDefinition {
    /// Every setting there is, in the order in which they are shown.
    package static let all: [SettingDefinition] = [
        .enrolment, .enrolmentByNetwork, .registrationPIN, .image, .rootMode, .nfsRoot, .kernelArguments,
        .console,
        .loader, .overlaySize, .volumeSize, .volumePolicy, .volumeEncryption, .persistentDirectories,
        .persistentDisk,
        .swap,
        .nbdConnections, .onFailure, .bootBrake, .rescueImage, .netconsole,
        .reportSessions, .timeZone,
        .authorizedKeys, .sshHostKey, .rootPasswordHash, .hosts, .files,
    ]

    /// The setting of that name, or of a name that it had before.
    package static func named(_ name: String) -> SettingDefinition? { byName[formerNames[name] ?? name] }

    /// Names that settings had before, as people and files may still have them.
    static let formerNames = ["ssh-authorised-keys": "ssh-authorized-keys"]

    /// What can be set under this name, or why nothing can: settings, and ``rootPassword``.
    package static func settable(_ name: String) throws(InvalidSetting) -> SettingDefinition {
        if let definition = name == rootPassword.name ? rootPassword : named(name) { return definition }
        let meant = NearestName.of(name, among: all.map(\.name))
        throw InvalidSetting(
            "there is no setting ‘\(name)’" + (meant.map { "; did you mean ‘\($0)’?" } ?? "")
                + " (roost set --list shows all)")
    }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    package static let enrolment = Self(
        "enrolment", .choice(Enrolment.allCases.map(\.rawValue)), .text(Enrolment.open.rawValue),
        at: .enrolment,
        "Unknown machines boot the site's image (open), wait on a screen until they are approved (quarantine), or get nothing to boot (refuse)",
        isSiteWide: true)
    package static let enrolmentByNetwork = Self(
        "enrolment-by-network", .map, .map([:]), at: .enrolment,
        "Other rules for single networks: 10.77.0.0/24=quarantine", isSiteWide: true)
    package static let registrationPIN = Self(
        "registration-pin", .text, .text(""), at: .enrolment,
        "The PIN that names, places and approves a waiting machine on its own screen; empty: machines are approved by administrators only",
        isSecret: true, isSiteWide: true)
    package static let image = Self(
        "image", .text, .text(""),
        at: .boot,
        "The image to boot: NAME, NAME@CHANNEL or NAME@VERSION; empty means the server's only or default image"
    )
    package static let rootMode = Self(
        "root-mode", .choice(["nbd", "ram", "nfs", "persistent"]), .text("nbd"), at: .boot,
        "How the node gets its root: block by block on demand (nbd), loaded into its memory (ram), from an NFS server (nfs), or on demand with its changes kept on a volume (persistent)"
    )
    package static let nfsRoot = Self(
        "nfs-root", .choice(["shared", "own"]), .text("shared"), at: .boot,
        "A node of root mode nfs shares the image with others, with its changes in memory (shared), or has a copy of its own on the server, which it writes to (own)"
    )
    package static let kernelArguments = Self(
        "kernel-arguments", .list, .list([]), at: .boot, "Words added to the kernel command line")
    package static let console = Self(
        "console", .list, .list(["tty0"]), at: .boot, "Consoles of the kernel; the last one is /dev/console")
    package static let loader = Self(
        "loader", .choice(["auto", "ipxe", "snponly", "grub"]), .text("auto"),
        at: .boot, "Boot loader of UEFI nodes; grub is the signed chain for Secure Boot")
    package static let overlaySize = Self(
        "overlay-size", .text, .text("50%"), at: .boot,
        "Memory that changes to the root may take: a percentage or 512M")
    package static let volumeSize = Self(
        "volume-size", .text, .text("8G"), at: .boot,
        "Size of a node's volume: 512M, 8G, 1T; it grows at the next boot, and takes only the space that is used"
    )
    package static let volumePolicy = Self(
        "volume-policy", .choice(VolumePolicy.allCases.map(\.rawValue)), .text("pin"), at: .boot,
        "When a persistent node's version moves, it keeps the old one (pin), boots the new one under its own files (follow), or starts with an empty volume (reset)"
    )
    package static let volumeEncryption = Self(
        "volume-encryption", .boolean, .boolean(true), at: .boot,
        "Whether a new volume is encrypted, if the image's kernel has dm-crypt; an existing one stays as it is until it is reset"
    )
    package static let persistentDirectories = Self(
        "persistent-directories", .list, .list([]), at: .initialisation,
        "Directories that are kept over restarts, on the node's volume: /etc/ssh, /var/log/journal, /var/lib/docker"
    )
    package static let persistentDisk = Self(
        "persistent-disk", .text, .text(""), at: .initialisation,
        "Label of a file system on the node's own disks that persistent-directories go to, instead of a volume on the server"
    )
    package static let swap = Self(
        "swap", .list, .list([]), at: .boot,
        "Where the node swaps to: zram:50% (compressed, in its memory), disk (swap partitions of its own), server:2G (a file on the server, encrypted)"
    )
    package static let nbdConnections = Self(
        "nbd-connections", .integer(1...16), .integer(2), at: .boot, "NBD connections of one node",
        unit: "connections")
    package static let onFailure = Self(
        "on-failure", .choice(["retry", "shell", "reboot"]), .text("retry"),
        at: .boot, "What a node does when its boot fails")
    package static let bootBrake = Self(
        "boot-brake", .integer(0...100), .integer(5), at: .boot,
        "Failed boots of one version in a row after which a node is held; 0: never",
        unit: "boots")
    package static let rescueImage = Self(
        "rescue-image", .text, .text(""), at: .boot,
        "What a held node boots: NAME, NAME@CHANNEL or NAME@VERSION; empty: it waits on its screen")
    /// The settings whose values mean versions of images.
    package static let versions = [image, rescueImage]
    package static let netconsole = Self(
        "netconsole", .boolean, .boolean(false), at: .boot,
        "Send the kernel's messages to the server as they come (netconsole)")
    package static let reportSessions = Self(
        "report-sessions", .boolean, .boolean(true), at: .running,
        "Whether the node reports who is logged in; its page shows that, and the server keeps it in memory only"
    )
    package static let timeZone = Self(
        "time-zone", .text, .text("Etc/UTC"), at: .initialisation, "Time zone, as in /usr/share/zoneinfo")
    package static let authorizedKeys = Self(
        "ssh-authorized-keys", .list, .list([]), at: .initialisation,
        "SSH public keys that may log in as root")
    package static let sshHostKey = Self(
        "ssh-host-key", .integer(0...1_000_000), .integer(1), at: .initialisation,
        "The number of the node's SSH host key, which is the same in every boot and listed in ssh_known_hosts; another number means another key, 0: each boot makes its own"
    )
    package static let rootPasswordHash = Self(
        "root-password-hash", .text, .text(""),
        at: .initialisation, "Hash of root's password, as in /etc/shadow; empty leaves the image's",
        isSecret: true)
    /// What people type; what is kept of it is ``rootPasswordHash``.
    package static let rootPassword = Self(
        "root-password", .text, .text(""), at: .initialisation,
        "Root's password; what is kept is its hash", isSecret: true)
    package static let hosts = Self(
        "hosts", .map, .map([:]), at: .initialisation, "Lines for /etc/hosts: address=name [alias …]")
    package static let files = Self(
        "files", .map, .map([:]),
        at: .initialisation, "Files written before init: /path=content; :MODE behind the path sets the mode")

    /// What is wrong with a value beyond its kind; nil when nothing is.
    static func problem(of value: SettingValue, in name: String) -> String? {
        switch (name, value) {
        case (enrolmentByNetwork.name, .map(let map)):
            map.first { IPv4Network($0.key) == nil || Enrolment(rawValue: $0.value) == nil }.map {
                "‘\($0.key)=\($0.value)’ is not NETWORK=open, quarantine or refuse"
            }
        case (image.name, .text(let text)), (rescueImage.name, .text(let text)):
            text.isEmpty || ImageReference(text) != nil
                ? nil : "‘\(text)’ is not NAME, NAME@CHANNEL or NAME@VERSION"
        case (registrationPIN.name, .text(let pin)):
            pin.isEmpty
                || (4...32).contains(pin.utf8.count)
                    && pin.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
                ? nil : "a PIN has 6 to 32 letters and digits"
        case (kernelArguments.name, .list(let words)), (console.name, .list(let words)):
            words.first { !KernelWords.isWord($0) }.map {
                "‘\($0)’ is not one word that boot loaders leave alone: no spaces, quotes or \\ ; & | $ ` { } # < >"
            }
        case (timeZone.name, .text(let zone)):
            zone.isOneWord && !zone.hasPrefix("/") && !zone.contains("..")
                ? nil : "‘\(zone)’ is not a time zone"
        case (overlaySize.name, .text(let size)):
            isOverlaySize(size) ? nil : "‘\(size)’ is neither a percentage (50%) nor a size (512M, 2G)"
        case (volumeSize.name, .text(let size)):
            Volume.byteCount(size) == nil ? "‘\(size)’ is not a size of 64M to 16T" : nil
        case (persistentDirectories.name, .list(let paths)):
            paths.first { !$0.isDirectoryPath }.map { "‘\($0)’ is not an absolute path of a directory" }
        case (persistentDisk.name, .text(let label)):
            label.isEmpty || label.isFileSystemLabel
                ? nil : "‘\(label)’ is not a label: up to 16 letters, digits, dots, hyphens and underscores"
        case (swap.name, .list(let places)):
            places.first { SwapPlace($0) == nil }.map { "‘\($0)’ is not zram:50%, disk or server:2G" }
        case (rootPasswordHash.name, .text(let hash)):
            hash.isEmpty || (hash.hasPrefix("$") && hash.isOneWord && !hash.contains(":"))
                ? nil : "not a crypt(3) hash; make one with: mkpasswd -m yescrypt"
        case (authorizedKeys.name, .list(let keys)):
            keys.lazy.compactMap(PublicKeyLine.problem).first
        case (hosts.name, .map(let lines)):
            lines.first { !$0.key.isOneWord || $0.value.unicodeScalars.contains(where: PlainText.isControl) }
                .map { "‘\($0.key)=\($0.value)’ is not ADDRESS=NAME [ALIAS …] in one line" }
        case (files.name, .map(let files)):
            files.keys.first { ConfiguredFile(key: $0) == nil }.map { "‘\($0)’ is not an absolute path" }
        default: nil
        }
    }

    /// What is wrong with a value that is new: rules that came later leave what is set already as it is.
    static func problem(ofNew value: SettingValue, in name: String) -> String? {
        switch (name, value) {
        case (registrationPIN.name, .text(let pin)) where isShort(pin: pin):
            "a PIN has at least \(pinLength) digits or letters: shorter ones are found out within days"
        case (authorizedKeys.name, .list(let keys)):
            keys.first(where: PublicKeyLine.isCutOff).map {
                "‘\($0)’ is cut off: the whole line of the .pub file is required"
            }
        case (console.name, .list(let words)):
            words.first { $0.hasPrefix("/") }.map {
                "‘\($0)’ is a file; the kernel names its consoles without a directory: \($0.split(separator: "/").last ?? "ttyS0")"
            }
        case (timeZone.name, .text(let zone)) where !isZone(zone):
            "‘\(zone)’ is not a time zone: their names are as in /usr/share/zoneinfo, with their capitals, such as Europe/Lisbon"
        case (hosts.name, .map(let lines)):
            lines.keys.first { IPAddress($0) == nil }.map {
                "‘\($0)’ is not an address: a line is ADDRESS=NAME [ALIAS …], such as 10.0.0.5=printer"
            }
        default: nil
        }
    }

    /// Of a PIN at least: five attempts a quarter of an hour take years for a million.
    private static let pinLength = 6

    /// Whether `pin` is one that could not be set any more.
    package static func isShort(pin: String) -> Bool { !pin.isEmpty && pin.utf8.count < pinLength }

    /// Names of zones have a capital in each part; offsets are below `Etc`.
    private static func isZone(_ name: String) -> Bool {
        name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            $0.first?.isUppercase == true
        }
            && (name.hasPrefix("Etc/") || !name.contains { "+0123456789".contains($0) }
                || legacyZones.contains(name))
    }

    private static let legacyZones = [
        "EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "GMT0", "GMT+0", "GMT-0",
    ]

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
    /// What ext4 (16 bytes) and others take, and a kernel word can hold.
    fileprivate var isFileSystemLabel: Bool {
        (1...16).contains(utf8.count)
            && utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            }
    }

    /// Absolute, without anything that leads elsewhere or could end a word.
    fileprivate var isDirectoryPath: Bool {
        let parts = split(separator: "/", omittingEmptySubsequences: false)
        return hasPrefix("/") && KernelWords.isWord(self) && !contains(":") && !contains(",") && count > 1
            && parts.dropFirst().allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
    }

    /// Printable, and without anything that could end a word of a kernel command line or a boot script.
    fileprivate var isOneWord: Bool {
        !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
    }
}
