import Center
import Commands
import ConfigurationFile
import Fleet
import Foundation
import Wire

/// A part of the server that can be switched on or off.
enum ServerRole: String, CaseIterable {
    case dhcp, tftp, http, nbd, nfs, center

    /// Without a word about it. NFS needs a server of somebody else.
    static let standard = allCases.filter { $0 != .nfs }
}

/// The settings of `roost serve`: the file `/etc/roost/roost.yaml`, whose commented example is their manual.
struct ServerSettings {
    static let defaultFile = "/etc/roost/roost.yaml"
    static let defaultImageCache = "/var/cache/roost"
    static let defaultUser = "roost"

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
    /// What other servers call this one; nil: the host's name.
    var serverName: String?
    var nodeProgram: String?
    var busybox = "/bin/busybox"
    var loaders: [String: String] = [:]
    var loaderRules: [LoaderRule] = []
    var dhcp = DHCP()
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
        var networks: [Network] = []
        var reservations: [DHCPReservation] = []
    }

    /// A subnet as it is written down; what is missing is filled from the interface.
    struct Network {
        var interface: String?
        var subnet: IPv4Network?
        var server: IPv4Address?
        var pools: [ClosedRange<IPv4Address>]?
        var router: IPv4Address?
        var nameServers: [IPv4Address] = []
        var timeServers: [IPv4Address] = []
        var domain: String?
        var mtu: UInt16?
        var routes: [ClasslessRoute] = []
        /// Nil is without end.
        var leaseSeconds: UInt32? = 43_200
        var options: [UInt8: [UInt8]] = [:]
        var servesBOOTP = false
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
        var top = try YAMLSection.parse(text, file: file)
        let roleNames = ServerRole.allCases.map(\.rawValue).joined(separator: ", ")
        roles = try top.list("roles", "one of \(roleNames)") { ServerRole(rawValue: $0) } ?? roles
        interfaces = try top.list("interfaces", "an interface's name") { $0 } ?? []
        stateDirectory = try top.value("state-directory", "an absolute path", Self.path) ?? stateDirectory
        socket = try top.value("socket", "an absolute path", SettingLengths.socketPath) ?? socket
        user = try top.text("user")
        domain = try top.value("domain", "a domain", SettingLengths.domain) ?? domain
        logFormat = try top.value("log", "text or json") { ServerLog.Format(rawValue: $0) } ?? logFormat
        imageCache = try top.value("image-cache", "an absolute path", Self.path) ?? imageCache
        imageKeys = try top.list("image-keys", "an Ed25519 public key in Base64") { $0 } ?? []
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
        advertisedAddress = try top.value("advertised-address", "an IPv4 address") { IPv4Address($0) }
        nodeProgram = try top.value("node-program", "an absolute path", Self.path)
        busybox = try top.value("busybox", "an absolute path", Self.path) ?? busybox
        if var section = try top.section("loaders") { loaders = try section.texts() }
        loaderRules =
            try top.sections("loader-rules")?.map { section in
                var section = section
                return try Self.loaderRule(&section)
            } ?? []
        if var section = try top.section("dhcp") { dhcp = try DHCP(&section) }
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
                "roles, interfaces, state-directory, socket, user, domain, log, image-cache, image-keys, image-sources, server-name, advertised-address, node-program, busybox, loaders, loader-rules, dhcp, tftp, http, nbd, nfs, limits, logs, center"
        )
    }

    private static func loaderRule(_ section: inout YAMLSection) throws -> LoaderRule {
        let mac = try section.value("mac", "the beginning of a hardware address (52:54:00:*)") {
            MACPattern($0)
        }
        let architecture = try section.number("architecture", 0...65_535)
            .map { ClientArchitecture(rawValue: UInt16($0)) }
        let vendorClass = try section.text("vendor-class")
        let loader = try section.value("loader", "a file's name", SettingLengths.loader)
        try section.finish(known: "mac, architecture, vendor-class, loader")
        guard let loader, mac != nil || architecture != nil || vendorClass != nil else {
            throw section.fail("a rule needs a loader and at least one of mac, architecture, vendor-class")
        }
        return LoaderRule(
            macPattern: mac, architecture: architecture, vendorClass: vendorClass, loader: loader)
    }

    private static func imageSource(_ section: inout YAMLSection) throws -> ReplicationSource {
        let url = try section.value("url", "https://HOST:PORT") { $0.hasPrefix("https://") ? $0 : nil }
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

    private static func allowance(_ section: inout YAMLSection) throws -> PeerAllowances.Network {
        let network = try section.value("network", "ADDRESS/LENGTH") { IPv4Network($0) }
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

    /// Keys whose change a running server cannot follow.
    func differencesThatNeedRestart(from other: Self) -> [String] {
        let changed: [(String, Bool)] = [
            ("roles", roles != other.roles), ("interfaces", interfaces != other.interfaces),
            ("state-directory", stateDirectory != other.stateDirectory), ("socket", socket != other.socket),
            ("user", user != other.user), ("log", logFormat != other.logFormat),
            ("center", center != other.center), ("logs", logs != other.logs),
            ("image-cache", imageCache != other.imageCache),
            ("image-keys", imageKeys != other.imageKeys),
            ("image-sources", imageSources != other.imageSources),
            ("server-name", serverName != other.serverName),
            ("node-program", nodeProgram != other.nodeProgram),
            ("busybox", busybox != other.busybox), ("http.port", httpPort != other.httpPort),
            ("nbd.port", nbdPort != other.nbdPort), ("nfs", nfs != other.nfs),
            ("tftp", tftp != other.tftp),
        ]
        return changed.filter(\.1).map(\.0)
    }

    var imageDirectory: String { "\(stateDirectory)/images" }
    var volumeDirectory: String { "\(stateDirectory)/volumes" }
    var databasePath: String { "\(stateDirectory)/\(StateDirectory.store)/\(StateFiles.database)" }
    var journalPath: String { "\(stateDirectory)/\(StateDirectory.store)/\(StateFiles.journal)" }
    var nodeArchiveDirectory: String { "\(stateDirectory)/node" }

    var treeDirectory: String { "\(stateDirectory)/trees" }
}

extension ServerSettings.DHCP {
    init(_ section: inout YAMLSection) throws {
        answersRouterSolicitations = try section.flag("router-advertisements") ?? true
        networks =
            try section.sections("networks")?.map { section in
                var section = section
                return try ServerSettings.Network(&section)
            } ?? []
        reservations =
            try section.sections("reservations")?.map { section in
                var section = section
                return try Self.reservation(&section)
            } ?? []
        try section.finish(known: "router-advertisements, networks, reservations")
    }

    private static func reservation(_ section: inout YAMLSection) throws -> DHCPReservation {
        var identities: [DHCPReservation.Identity] = []
        if let mac = try section.value("mac", "a hardware address", { MACAddress($0) }) {
            identities.append(.macAddress(mac))
        }
        if let uuid = try section.value("uuid", "a UUID", { MachineUUID($0) }) {
            identities.append(.uuid(uuid))
        }
        if let id = try section.value("client-id", "bytes in hexadecimal", ServerSettings.bytes) {
            identities.append(.clientIdentifier(id))
        }
        let address = try section.value("address", "an IPv4 address") { IPv4Address($0) }
        try section.finish(known: "mac, uuid, client-id, address")
        guard let address, identities.count == 1 else {
            throw section.fail("a reservation needs an address and exactly one of mac, uuid, client-id")
        }
        return DHCPReservation(identities[0], address)
    }
}

extension ServerSettings.Network {
    init(_ section: inout YAMLSection) throws {
        interface = try section.text("interface")
        subnet = try section.value("subnet", "a network such as 10.77.0.0/24") { IPv4Network($0) }
        server = try section.value("server", "an IPv4 address") { IPv4Address($0) }
        pools = try section.list("pools", "a range such as 10.77.0.100-10.77.0.200", ServerSettings.range)
        router = try section.value("router", "an IPv4 address") { IPv4Address($0) }
        nameServers = try section.list("name-servers", "an IPv4 address") { IPv4Address($0) } ?? []
        timeServers = try section.list("time-servers", "an IPv4 address") { IPv4Address($0) } ?? []
        domain = try section.value("domain", "a domain", SettingLengths.domain)
        mtu = try section.number("mtu", 576...9_216).map(UInt16.init)
        routes = try section.list("routes", "NETWORK via ROUTER", ServerSettings.route) ?? []
        if let text = try section.text("lease") {
            guard let seconds = ServerSettings.seconds(text) else {
                throw section.fail(
                    "lease: ‘\(text)’ is neither a duration (90s, 30m, 12h, 7d) nor ‘infinite’")
            }
            leaseSeconds = seconds
        }
        servesBOOTP = try section.flag("bootp") ?? false
        if var map = try section.section("options") {
            for (key, text) in try map.texts(joinsLists: true) {
                guard let code = UInt8(key), (1...254).contains(code) else {
                    throw map.fail("‘\(key)’ is not an option's number, 1 to 254")
                }
                guard ![50, 51, 53, 54, 55, 61, 82].contains(code) else {
                    throw map.fail("option \(code) is the server's own business")
                }
                if text.hasPrefix("0x") {
                    options[code] = try ServerSettings.bytes(String(text.dropFirst(2)))
                } else if let bytes = DHCPOptionText.bytes(text, for: code) {
                    options[code] = bytes
                } else {
                    throw map.fail(
                        "option \(code): ‘\(text)’ is not \(DHCPOptionText.expectation(of: code) ?? "text") (bytes begin with 0x)"
                    )
                }
            }
            let byteCount = options.values.reduce(0) { $0 + $1.count }
            guard byteCount <= 1_024 else {
                throw map.fail("\(byteCount) bytes of options do not fit a DHCP message: at most 1024 do")
            }
        }
        if let lengthProblem { throw section.fail(lengthProblem) }
        try section.finish(
            known:
                "interface, subnet, server, pools, router, name-servers, time-servers, domain, mtu, routes, lease, bootp, options"
        )
    }
}

extension ServerSettings.Logs {
    init(_ section: inout YAMLSection) throws {
        // Zero is off.
        syslogPort = try section.number("syslog", 0...65_535).map(UInt16.init) ?? syslogPort
        netconsolePort = try section.number("netconsole", 0...65_535).map(UInt16.init) ?? netconsolePort
        if syslogPort == 0 { syslogPort = nil }
        if netconsolePort == 0 { netconsolePort = nil }
        try section.finish(known: "syslog, netconsole")
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

extension ServerSettings {
    static func range(_ text: String) -> ClosedRange<IPv4Address>? {
        let parts = text.split(separator: "-").map { $0.filter { !$0.isWhitespace } }
        guard parts.count == 2, let first = IPv4Address(parts[0]), let last = IPv4Address(parts[1]),
            first <= last
        else { return nil }
        return first...last
    }

    static func route(_ text: String) -> ClasslessRoute? {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "via", let network = IPv4Network(words[0]),
            let router = IPv4Address(words[2])
        else {
            return nil
        }
        return ClasslessRoute(network: network, router: router)
    }

    /// `12h`; `.some(nil)` for `infinite`.
    static func seconds(_ text: String) -> UInt32?? {
        if text == "infinite" { return .some(nil) }
        let units: [Character: UInt32] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = UInt32(text.dropLast()), number > 0
        else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow || seconds < 60 ? nil : .some(seconds)
    }

    static func bytes(_ text: String) throws -> [UInt8] {
        let digits = Array(text.filter { $0 != ":" && $0 != " " })
        guard !digits.isEmpty, digits.count.isMultiple(of: 2), digits.allSatisfy(\.isHexDigit) else {
            throw InvalidSetting("‘\(text)’ is not bytes in hexadecimal")
        }
        return stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
    }
}
