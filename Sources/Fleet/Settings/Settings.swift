import Wire

/// The settings of Roost: the only place that names them. ``all`` is the display order.
package enum Settings {
    static let all: [SettingDefinition] = [
        enrolment.definition, enrolmentByNetwork.definition, registrationPIN.definition, image.definition,
        rootMode.definition, nfsRoot.definition, kernelArguments.definition, console.definition,
        loader.definition, overlaySize.definition, volumeSize.definition, volumePolicy.definition,
        volumeEncryption.definition, persistentDirectories.definition, persistentDisk.definition,
        swap.definition, nbdConnections.definition, onFailure.definition, bootBrake.definition,
        rescueImage.definition, tpm.definition, netconsole.definition, reportSessions.definition,
        pool.definition,
        timeZone.definition,
        authorizedKeys.definition, sshHostKey.definition, rootPasswordHash.definition, hosts.definition,
        knownNodes.definition,
        files.definition, nameServers.definition, searchDomains.definition, timeServers.definition,
        locale.definition, keymap.definition, syslog.definition, mounts.definition, modules.definition,
        kernelParameters.definition, services.definition, groups.definition, users.definition,
        cron.definition, timers.definition, commands.definition,
        logIn.definition, logInAccount.definition, guestAccount.definition, accountHome.definition,
        accountGroups.definition, windowsAccounts.definition, accountPasswordLength.definition,
        sessionHistory.definition,
    ]

    /// Prefixes with free keys.
    static let namespaces: [SettingNamespace] = LTSPVariableKind.Dialect.allCases.map { dialect in
        SettingNamespace(dialect.namespace) { key, name throws(InvalidSetting) in
            try dialect.setting(key, name)
        }
    }

    package static let enrolment = Setting(
        "enrolment", .choice, Enrolment.open, at: .enrolment,
        "Unknown machines boot the site's image (open), wait on a screen until they are approved (quarantine), or get nothing to boot (refuse)",
        isSiteWide: true)
    package static let enrolmentByNetwork = Setting<[NetworkEnrolment]>(
        "enrolment-by-network", .map(.keys { IPv4Network($0) != nil }), [], at: .enrolment,
        "Other rules for single networks: 10.77.0.0/24=quarantine", isSiteWide: true)
    package static let registrationPIN = Setting<RegistrationPIN?>(
        "registration-pin", .optional(), nil, at: .enrolment,
        "The PIN that names, places and approves a waiting machine on its own screen; empty: machines are approved by administrators only",
        isSecret: true, isSiteWide: true)
    package static let image = Setting<ImageReference?>(
        "image", .optional(), nil, at: .boot,
        "The image to boot: NAME, NAME@CHANNEL or NAME@VERSION; empty means the server's only or default image"
    )
    package static let rootMode = Setting(
        "root-mode", .choice, RootMode.nbd, at: .boot,
        "How the node gets its root: block by block on demand (nbd), loaded into its memory (ram), from an NFS server (nfs), or on demand with its changes kept on a volume (persistent)"
    )
    package static let nfsRoot = Setting(
        "nfs-root", .choice, NFSRoot.shared, at: .boot,
        "A node of root mode nfs shares the image with others, with its changes in memory (shared), or has a copy of its own on the server, which it writes to (own)"
    )
    package static let kernelArguments = Setting<[KernelWord]>(
        "kernel-arguments", .list(.kernelLine), [], at: .boot, "Words added to the kernel command line")
    /// Its order matters, so it is not merged: the last word is /dev/console.
    package static let console = Setting<[ConsoleWord]>(
        "console", .list(merge: .replace, .consoles), [.screen], at: .boot,
        "Consoles of the kernel; the last one is /dev/console")
    package static let loader = Setting(
        "loader", .choice, LoaderWish.auto, at: .boot,
        "Boot loader of UEFI nodes; grub is the signed chain for Secure Boot")
    package static let overlaySize = Setting(
        "overlay-size", .word, OverlaySize.half, at: .boot,
        "Memory that changes to the root may take: a percentage or 512M")
    package static let volumeSize = Setting(
        "volume-size", .word, VolumeSize.usual, at: .boot,
        "Size of a node's volume: 512M, 8G, 1T; it grows at the next boot, and takes only the space that is used"
    )
    package static let volumePolicy = Setting(
        "volume-policy", .choice, VolumePolicy.pin, at: .boot,
        "When a persistent node's version moves, it keeps the old one (pin), boots the new one under its own files (follow), or starts with an empty volume (reset)"
    )
    package static let volumeEncryption = Setting(
        "volume-encryption", .boolean, true, at: .boot,
        "Whether a new volume is encrypted, if the image's kernel has dm-crypt; an existing one stays as it is until it is reset"
    )
    package static let persistentDirectories = Setting<[DirectoryPath]>(
        "persistent-directories", .list(), [], at: .initialisation,
        "Directories that are kept over restarts, on the node's volume: /etc/ssh, /var/log/journal, /var/lib/docker"
    )
    package static let persistentDisk = Setting<FileSystemLabel?>(
        "persistent-disk", .optional(), nil, at: .initialisation,
        "Label of a file system on the node's own disks that persistent-directories go to, instead of a volume on the server"
    )
    package static let swap = Setting<[SwapPlace]>(
        "swap", .list(), [], at: .boot,
        "Where the node swaps to: zram:50% (compressed, in its memory), disk (swap partitions of its own), server:2G (a file on the server, encrypted)"
    )
    package static let nbdConnections = Setting(
        "nbd-connections", .integer(1...16), 2, at: .boot, "NBD connections of one node", unit: "connections")
    package static let onFailure = Setting(
        "on-failure", .choice, FailureAct.retry, at: .boot, "What a node does when its boot fails")
    package static let bootBrake = Setting(
        "boot-brake", .integer(0...100), 5, at: .boot,
        "Failed boots of one version in a row after which a node is held; 0: never", unit: "boots")
    package static let rescueImage = Setting<ImageReference?>(
        "rescue-image", .optional(), nil, at: .boot,
        "What a held node boots: NAME, NAME@CHANNEL or NAME@VERSION; empty: it waits on its screen")
    package static let tpm = Setting(
        "tpm", .choice, TPMUse.use, at: .boot,
        "Whether the node's configuration goes to one TPM alone: to the first that it shows, if it has one (use), only to one (require), or to any machine (ignore)"
    )
    package static let netconsole = Setting(
        "netconsole", .boolean, false, at: .boot,
        "Send the kernel's messages to the server as they come (netconsole)")
    package static let reportSessions = Setting(
        "report-sessions", .boolean, true, at: .running,
        "Whether the node reports who is logged in; its page shows that, and the server keeps it in memory only"
    )
    package static let pool = Setting<PoolName?>(
        "pool", .optional(), nil, at: .running,
        "The pool of terminal servers where people who log in at the node get their sessions; empty: none")
    package static let timeZone = Setting(
        "time-zone", .word, TimeZoneName.utc, at: .initialisation, "Time zone, as in /usr/share/zoneinfo")
    package static let authorizedKeys = Setting<[PublicKeyLine]>(
        "ssh-authorized-keys", formerly: ["ssh-authorised-keys"], .list(.keyLines), [], at: .initialisation,
        "SSH public keys that may log in as root")
    package static let sshHostKey = Setting(
        "ssh-host-key", .integer(0...1_000_000), 1, at: .initialisation,
        "The number of the node's SSH host key, which is the same in every boot and listed in ssh_known_hosts; another number means another key, 0: each boot makes its own"
    )
    package static let rootPasswordHash = Setting<PasswordHash?>(
        "root-password-hash", .optional(), nil, at: .initialisation,
        "Hash of root's password, as in /etc/shadow; empty leaves the image's", isSecret: true)
    /// Typed by people; stored as ``rootPasswordHash``.
    package static let rootPassword = Setting<PlainPassword?>(
        "root-password", .optional(), nil, at: .initialisation,
        "Root's password; what is kept is its hash", isSecret: true)
    package static let hosts = Setting<[HostLine]>(
        "hosts", .map(.keys { IPv4Address($0) != nil || $0.contains(":") }), [], at: .initialisation,
        "Lines for /etc/hosts: address=name [alias …]")
    package static let knownNodes = Setting<GroupPath?>(
        "known-nodes", .optional(), nil, at: .running,
        "A group such as /farm whose nodes this one knows by name, address and SSH host key, kept up to date while it runs; empty: only fixed addresses, at its start"
    )
    /// They may be keys.
    package static let files = Setting<[ConfiguredFile]>(
        "files", .map(.keys(ConfiguredFile.isKey)), [], at: .initialisation,
        "Files written before init: /path=content, or /path=stored:NAME for a file on the server (roost file put); :MODE behind the path sets the mode",
        isSealed: true)
    package static let nameServers = Setting<[NameServer]>(
        "dns", .list(merge: .replace), [], at: .initialisation,
        "Addresses of name servers; empty: those of the node's network")
    package static let searchDomains = Setting<[DomainWord]>(
        "dns-search", .list(merge: .replace), [], at: .initialisation,
        "Domains in which short names are looked up; empty: the server's domain")
    package static let timeServers = Setting<[HostWord]>(
        "ntp", .list(merge: .replace), [], at: .initialisation,
        "Time servers, for systemd-timesyncd and chrony; empty leaves the image's")
    package static let locale = Setting<LocaleName?>(
        "locale", .optional(), nil, at: .initialisation,
        "Language and notation, such as pt_PT.UTF-8; the image must have it; empty leaves the image's")
    package static let keymap = Setting<KeymapName?>(
        "keymap", .optional(), nil, at: .initialisation,
        "Layout of the keyboard, such as de or de-latin1; empty leaves the image's")
    package static let syslog = Setting<LogTarget?>(
        "syslog", .optional(), nil, at: .initialisation,
        "Where the node's rsyslog sends messages, in addition: HOST or HOST:PORT")
    package static let mounts = Setting<[MountLine]>(
        "mounts", .map(.keys(MountLine.isKey)), [], at: .initialisation,
        "Lines of /etc/fstab by their place: /srv=LABEL=data ext4 nofail,noatime; off takes a weaker level's away"
    )
    package static let modules = Setting<[ModuleLine]>(
        "modules", .map(.keys(ModuleLine.isKey)), [], at: .initialisation,
        "Kernel modules: br_netfilter=load, nouveau=deny, or options, loop=max_loop=64; off leaves a module alone"
    )
    package static let kernelParameters = Setting<[KernelParameter]>(
        "sysctl", .map(.keys(KernelParameter.isKey)), [], at: .initialisation,
        "Kernel parameters: net.ipv4.ip_forward=1")
    package static let services = Setting<[ServiceLine]>(
        "services", .map(.keys(ServiceLine.isKey)), [], at: .initialisation,
        "Services of the image: cups=remove, ssh=enable, apt-daily.timer=mask, docker=keep; docker/limits.conf=[Service]… is a drop-in"
    )
    package static let groups = Setting<[GroupLine]>(
        "groups", .map(.keys(AccountName.isName)), [], at: .initialisation,
        "Groups of users: staff=1500 ann ben: number and members")
    /// They may have hashes of passwords.
    package static let users = Setting<[UserLine]>(
        "users", .map(.keys(AccountName.isName)), [], at: .initialisation,
        "Users: ann=uid=1000 groups=sudo,video shell=/bin/bash home=/home/ann password=HASH name=Ann",
        isSealed: true)
    package static let cron = Setting<[CronLine]>(
        "cron", .map(.keys(StepName.isName)), [], at: .initialisation,
        "Lines of cron by a name: backup=0 3 * * * root /usr/local/bin/backup; off takes a weaker level's away"
    )
    /// They may have keys.
    package static let timers = Setting<[TimerLine]>(
        "timers", .map(.keys(StepName.isName)), [], at: .initialisation,
        "Commands that run again and again, by a name: backup=daily -- COMMAND, scan=every 15min -- COMMAND, report=Mon..Fri 22:00 -- COMMAND; off takes a weaker level's away",
        isSealed: true)
    /// They may have keys.
    package static let commands = Setting<[NodeCommand]>(
        "commands", .map(.keys(StepName.isName)), [], at: .initialisation,
        "Commands by a name, run in the order of the names: 20-join=late stop retry=3 60s secret=TOKEN:join -- COMMAND; phases: before-init, init, late, shutdown; off takes a weaker level's away",
        isSealed: true)
    package static let logIn = Setting(
        "log-in", .choice, LogInMode.ask, at: .initialisation,
        "How a thin client's log-in screen begins: people type name and password (ask), there is also a button for guests (guest), or it logs in by itself (automatic)"
    )
    package static let logInAccount = Setting<LogInAccount?>(
        "log-in-account", .optional(), nil, at: .running,
        "The account of automatic log-ins: lab1, one made of the node's name (pc-(.*) → guest-\\1), or the first free one of a row (guest01..guest20)"
    )
    package static let guestAccount = Setting<LogInAccount?>(
        "guest-account", .optional(), nil, at: .running,
        "The account of guests: guest, one made of the node's name, or the first free one of a row (guest01..guest20)"
    )
    package static let accountHome = Setting(
        "account-home", .choice, AccountHome.remove, at: .running,
        "What becomes of an account that was made for a log-in when its session has ended: it stays (keep), or goes, with its files packed away (archive) or removed (remove)"
    )
    package static let accountGroups = Setting<[LogInGroup]>(
        "account-groups", .list(merge: .replace), [], at: .running,
        "Groups of the terminal server that accounts made for a log-in belong to: audio, plugdev")
    package static let windowsAccounts = Setting<[WindowsAccount]>(
        "windows-accounts", .map(.keys(WindowsAccount.isKey)), [], at: .running,
        "What opens sessions of the node's own accounts on Windows servers: guest=SCHOOL\\guest secret=windows-guest; * stands for all others, off takes a weaker level's away"
    )
    package static let accountPasswordLength = Setting(
        "account-password-length", .integer(1...128), 8, at: .enrolment,
        "The fewest characters of a new password in the directory of people; hashes tell no length",
        unit: "characters", isSiteWide: true)
    package static let sessionHistory = Setting(
        "session-history", .integer(0...3_650), 30, at: .enrolment,
        "Days for which ended sessions on terminal servers are kept; 0: none is", unit: "days",
        isSiteWide: true)

    /// The settings whose values refer to versions of images.
    package static let versions = [image, rescueImage]
}

extension EntryNotation {
    /// Serial lines have commas in their speed and addresses (Documentation/admin-guide/serial-console.rst).
    fileprivate static let consoles = Self { part, last in
        let word = part.trimmed
        let isPlace = last.hasPrefix("uart") && (word.hasPrefix("io") || word.hasPrefix("mmio"))
        return word.first?.isNumber != true && !isPlace
    }

    /// A key's options have commas, and its comment may (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
    fileprivate static let keyLines = Self { part, last in
        let word = part.trimmed
        return last.holdsPublicKey && word.holdsPublicKey || word.hasPrefix("@")
    }
}

extension StringProtocol {
    /// A key type followed by more.
    fileprivate var holdsPublicKey: Bool {
        let words = split(separator: " ")
        let place = words.firstIndex { word in
            ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-"].contains { word.hasPrefix($0) }
        }
        return place.map { words.index(after: $0) < words.endIndex } ?? false
    }
}
