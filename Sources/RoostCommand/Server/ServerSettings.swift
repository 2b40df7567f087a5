import API
import Center
import Commands
import ConfigurationFile
import Fleet
import Foundation
import Linux
import Wire

/// The settings of `roost serve`: the file `/etc/roost/roost.yaml`, whose commented example is their manual.
struct ServerSettings {
    static let defaultFile = "/etc/roost/roost.yaml"
    static let defaultImageCache = "/var/cache/roost"
    static let defaultUser = "roost"

    /// The file that they were read from, and how it ended; nil: none.
    var source: (file: String, end: FileEnds.End)?
    var roles = ServerRole.standard
    var interfaces: [String] = []
    var stateDirectory = "/var/lib/roost"
    var socket = ServerSocket.standardPath
    var center = Center()
    var logs = Logs()
    var logFormat = ServerLog.Format.text
    /// Whom the server becomes; nil: ``defaultUser``, or root where that is missing.
    var user: String?
    var domain = ""
    /// Where packages are kept between builds of images.
    var imageCache = Self.defaultImageCache
    /// Public keys; none: versions need no signature.
    var imageKeys: [String] = []
    var imageSources: [ReplicationSource] = []
    var keptFiles: [KeptFiles.Source] = []
    var watchedFiles: [WatchedFiles.Source] = []
    /// Where programs that mint secrets are; nil: there are none.
    var mintingPrograms: String?
    /// What other servers call this one; nil: the host's name.
    var serverName: String?
    var nodeProgram: String?
    /// Certificates of makers of TPMs, in PEM; nil: a node's first TPM is believed.
    var tpmAuthorities: String?
    var busybox = "/bin/busybox"
    var loaders: [String: String] = [:]
    var dhcp = DHCP()
    /// Of files from before networks were records.
    var formerNetworks = FormerNetworks()
    /// What machines are told to reach this server by; nil: the address that they asked.
    var advertisedAddress: IPv4Address?
    var tftp = TFTP()
    var httpPort: UInt16 = 80
    var nbdPort: UInt16 = NBDProtocol.port
    var nfs = NFS()
    /// Addresses that stand for many machines.
    var allowances = PeerAllowances()

    struct DHCP {
        var answersRouterSolicitations = true
    }

    struct TFTP: Equatable {
        var port: UInt16 = 69
        var isSinglePort = false
        var blockByteLimit = 1_468
        var windowBlockLimit = 64
    }

    /// Where nodes send what they log, by UDP; nil: nowhere.
    struct Logs: Equatable {
        var syslogPort: UInt16? = 514
        var netconsolePort: UInt16? = 6_666

        var ports: [UInt16] { [syslogPort, netconsolePort].compactMap { $0 } }
    }

    init() {}

    /// Reads a file; every unknown key, and every value that cannot be, is an error with its line.
    init(parsing text: String, file: String) throws {
        do { self = try Self(reading: text, file: file) } catch var error as ConfigurationError {
            if let (name, known) = error.unknownKey, let meant = NearestName.of(name, among: known) {
                error.text += "; did you mean ‘\(meant)’?"
            }
            throw error
        }
    }

    private init(reading text: String, file: String) throws {
        var top = try YAMLSection.parse(text, file: file)
        let roleNames = ServerRole.allCases.map(\.rawValue).joined(separator: ", ")
        roles =
            try top.list("roles", "one of \(roleNames)", mayBeEmpty: false) { ServerRole(rawValue: $0) }
            ?? roles
        interfaces = try top.list("interfaces", "an interface's name", Self.interfaceName) ?? []
        stateDirectory = try top.value("state-directory", "an absolute path", Self.path) ?? stateDirectory
        socket = try top.value("socket", "an absolute path", SettingLengths.socketPath) ?? socket
        user = try top.text("user")
        domain = try top.value("domain", "a domain", SettingLengths.domain) ?? domain
        logFormat = try top.value("log", "text or json") { ServerLog.Format(rawValue: $0) } ?? logFormat
        imageCache = try top.value("image-cache", "an absolute path", Self.path) ?? imageCache
        imageKeys =
            try top.list("image-keys", "an Ed25519 public key in Base64 (roost image key shows one)") {
                text in
                (try? ImageTrust(keys: [text])) == nil ? nil : text
            } ?? []
        serverName = try top.value("server-name", "a name of letters, digits, dots and hyphens") { text in
            (1...63).contains(text.utf8.count)
                && text.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                        || [0x2D, 0x2E].contains($0)
                } ? text : nil
        }
        imageSources =
            try top.sections("image-sources")?.map { section in
                var section = section
                return try Self.imageSource(&section)
            } ?? []
        keptFiles = try Self.keptFiles(&top)
        watchedFiles = try Self.watchedFiles(&top)
        mintingPrograms = try top.value("minting-programs", "an absolute path", Self.path)
        advertisedAddress = try top.value("advertised-address", "an IPv4 address of a host") {
            IPv4Address($0).flatMap { $0.neverAHost == nil ? $0 : nil }
        }
        nodeProgram = try top.value("node-program", "an absolute path", Self.path)
        tpmAuthorities = try top.value("tpm-authorities", "an absolute path", Self.path)
        busybox = try top.value("busybox", "an absolute path", Self.path) ?? busybox
        if var section = try top.section("loaders") { loaders = try section.texts() }
        try formerNetworks.takeLoaderRules(of: &top)
        if var section = try top.section("dhcp") {
            dhcp.answersRouterSolicitations = try section.flag("router-advertisements") ?? true
            try formerNetworks.takeNetworks(of: &section)
            try section.finish(known: "router-advertisements, networks, reservations")
        }
        if var section = try top.section("tftp") { tftp = try TFTP(&section) }
        if var section = try top.section("http") {
            httpPort = try section.number("port", 1...65_535).map(UInt16.init) ?? httpPort
            try section.finish(known: "port")
        }
        if var section = try top.section("nbd") {
            nbdPort = try section.number("port", 1...65_535).map(UInt16.init) ?? nbdPort
            try section.finish(known: "port")
        }
        allowances = PeerAllowances(
            try top.sections("limits")?.map { section in
                var section = section
                return try Self.allowance(&section)
            } ?? [])
        if var section = try top.section("nfs") { nfs = try NFS(&section) }
        if var section = try top.section("logs") { logs = try Logs(&section) }
        if var section = try top.section("center") { center = try Center(&section) }
        try top.finish(
            known:
                "roles, interfaces, state-directory, socket, user, domain, log, image-cache, image-keys, image-sources, kept-files, fleet-files, minting-programs, server-name, advertised-address, node-program, tpm-authorities, busybox, loaders, loader-rules, dhcp, tftp, http, nbd, nfs, limits, logs, center"
        )
    }

    private static func imageSource(_ section: inout YAMLSection) throws -> ReplicationSource {
        let url = try section.value("url", "https://HOST:PORT") { text in
            RemoteAddress(text)?.scheme == "https" ? text : nil
        }
        let token = try section.value("token-file", "an absolute path", Self.path)
        guard let url, let token else { throw section.fail("a source needs url and token-file") }
        var source = ReplicationSource(
            url: url.hasSuffix("/") ? String(url.dropLast()) : url, tokenPath: token)
        source.certificatePath = try section.value("certificate", "an absolute path", Self.path)
        source.images = try section.list("images", "an image's name") { try ImageName($0) } ?? []
        source.channels = try section.list("channels", "a channel's name") { ChannelName($0) } ?? []
        source.bytesPerSecond = try section.value("limit", "bytes a second: 500K, 20M, 1G", Self.byteCount)
        source.period = try section.number("every", 5...86_400) ?? source.period
        try section.finish(known: "url, token-file, certificate, images, channels, limit, every")
        return source
    }

    private static func keptFiles(_ top: inout YAMLSection) throws -> [KeptFiles.Source] {
        var sources: [KeptFiles.Source] = []
        for section in try top.sections("kept-files") ?? [] {
            var section = section
            let path = try section.value("path", "an absolute path", Self.path)
            let image = try section.value("image", "an image's name") { try ImageName($0) }
            let kind = try section.value("kind", "lts.conf or ltsp.conf") {
                LTSPVariableKind.Dialect(rawValue: $0)
            }
            try section.finish(known: "path, image, kind")
            guard let path else { throw section.fail("a kept file needs path") }
            let source = KeptFiles.Source(scope: image.map { .image($0) } ?? .site, path: path, dialect: kind)
            guard !sources.contains(where: { $0.scope == source.scope }) else {
                throw section.fail(
                    image.map { "image \($0) has two kept files" }
                        ?? "the site has two kept files: one of them needs ‘image’")
            }
            sources.append(source)
        }
        return sources
    }

    private static func watchedFiles(_ top: inout YAMLSection) throws -> [WatchedFiles.Source] {
        var sources: [WatchedFiles.Source] = []
        for section in try top.sections("fleet-files") ?? [] {
            var section = section
            let path = try section.value("path", "an absolute path", Self.path)
            let name = try section.value("source", "a name of lower-case letters, digits and hyphens") {
                try SourceName($0)
            }
            let prunes = try section.flag("prune") ?? false
            let overwrites = try section.flag("overwrite") ?? false
            try section.finish(known: "path, source, prune, overwrite")
            guard let path, let name else { throw section.fail("fleet-files need path and source") }
            guard !sources.contains(where: { $0.name == name }) else {
                throw section.fail("two entries have the source \(name)")
            }
            sources.append(
                WatchedFiles.Source(name: name, path: path, prunes: prunes, overwrites: overwrites))
        }
        return sources
    }

    private static func allowance(_ section: inout YAMLSection) throws -> PeerAllowances.Network {
        let network = try section.value("network", "ADDRESS/LENGTH", PeerAllowances.Addresses.init)
        let times = try section.number("times", 1...10_000)
        try section.finish(known: "network, times")
        guard let network, let times else { throw section.fail("a limit needs network and times") }
        return PeerAllowances.Network(network, times: times)
    }

    /// `500K`, `20M`, `1G`.
    private static func byteCount(_ text: String) -> Int? {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()),
            (1...1_000_000).contains(number)
        else { return nil }
        return number * unit
    }

    private static func path(_ text: String) -> String? { text.hasPrefix("/") ? text : nil }
    /// As the kernel takes them (dev_valid_name).
    private static func interfaceName(_ text: String) -> String? {
        (1...15).contains(text.utf8.count) && !text.contains { $0.isWhitespace || "/,".contains($0) }
            ? text : nil
    }

    /// The interfaces to serve on, without doubles.
    ///
    /// - Parameter named: those of the command line, or else of the file.
    func interfaceNames(_ named: [String]) -> [String] {
        var names: [String] = []
        for name in named + formerNetworks.interfaces where !names.contains(name) { names.append(name) }
        return names
    }

    /// Keys whose change a running server cannot follow.
    func differencesThatNeedRestart(from other: Self) -> [String] {
        Self.names([
            ("roles", roles != other.roles),
            ("interfaces", interfaceNames(interfaces) != other.interfaceNames(other.interfaces)),
            ("state-directory", stateDirectory != other.stateDirectory), ("socket", socket != other.socket),
            ("user", user != other.user), ("log", logFormat != other.logFormat),
            ("center", center != other.center), ("logs", logs != other.logs),
            ("image-cache", imageCache != other.imageCache),
            ("image-keys", imageKeys != other.imageKeys),
            ("image-sources", imageSources != other.imageSources),
            ("kept-files", keptFiles != other.keptFiles),
            ("fleet-files", watchedFiles != other.watchedFiles),
            ("minting-programs", mintingPrograms != other.mintingPrograms),
            ("server-name", serverName != other.serverName),
            ("node-program", nodeProgram != other.nodeProgram),
            ("tpm-authorities", tpmAuthorities != other.tpmAuthorities),
            ("busybox", busybox != other.busybox), ("http.port", httpPort != other.httpPort),
            ("nbd.port", nbdPort != other.nbdPort), ("nfs", nfs != other.nfs),
            ("tftp", tftp != other.tftp),
            (
                "dhcp.router-advertisements",
                dhcp.answersRouterSolicitations != other.dhcp.answersRouterSolicitations
            ),
        ])
    }

    /// Keys whose change a running server follows when it reads the file anew.
    func differencesThatAreFollowed(from other: Self) -> [FollowedKey] {
        FollowedKey.allCases.filter { key in
            switch key {
            case .domain: domain != other.domain
            case .advertisedAddress: advertisedAddress != other.advertisedAddress
            case .loaders: loaders != other.loaders
            case .limits: allowances != other.allowances
            }
        }
    }

    /// A key that a reload takes over.
    enum FollowedKey: String, CaseIterable {
        case domain
        case advertisedAddress = "advertised-address"
        case loaders, limits
    }

    private static func names(_ changed: [(String, Bool)]) -> [String] { changed.filter(\.1).map(\.0) }

    var imageDirectory: String { "\(stateDirectory)/images" }
    var volumeDirectory: String { "\(stateDirectory)/volumes" }
    var databasePath: String { "\(stateDirectory)/\(StateDirectory.store)/\(StateFiles.database)" }
    var deliveryPath: String { "\(stateDirectory)/\(StateDirectory.store)/\(StateFiles.deliveries)" }
    var journalPath: String { "\(stateDirectory)/\(StateDirectory.store)/\(StateFiles.journal)" }
    var storeDirectory: String { "\(stateDirectory)/\(StateDirectory.store)" }
    var nodeArchiveDirectory: String { "\(stateDirectory)/node" }

    var treeDirectory: String { "\(stateDirectory)/trees" }
}

extension ServerSettings.Logs {
    init(_ section: inout YAMLSection) throws {
        // Zero is off.
        syslogPort = try section.value("syslog", Self.portForm, Self.port) ?? syslogPort
        netconsolePort = try section.value("netconsole", Self.portForm, Self.port) ?? netconsolePort
        if syslogPort == 0 { syslogPort = nil }
        if netconsolePort == 0 { netconsolePort = nil }
        try section.finish(known: "syslog, netconsole")
    }

    private static let portForm = "a port from 1 to 65535, or off"
    private static func port(_ text: String) -> UInt16? {
        ["off", "no", "false"].contains(text.lowercased()) ? 0 : UInt16(text)
    }
}

extension ServerSettings.TFTP {
    init(_ section: inout YAMLSection) throws {
        port = try section.number("port", 1...65_535).map(UInt16.init) ?? port
        isSinglePort = try section.flag("single-port") ?? isSinglePort
        blockByteLimit = try section.number("block-size", 512...65_464) ?? blockByteLimit
        windowBlockLimit = try section.number("window-size", 1...64) ?? windowBlockLimit
        try section.finish(known: "port, single-port, block-size, window-size")
    }
}
