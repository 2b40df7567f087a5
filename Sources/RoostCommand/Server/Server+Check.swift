import API
import Center
import Fleet
import Foundation
import Glibc
import Linux
import Logging
import Wire

/// Checks before anything is bound or written.
extension Server {
    /// Everything that can be checked without binding or writing.
    static func check(_ settings: ServerSettings, interfaces: [String]) throws {
        if let name = settings.user, unsafe getpwnam(name) == nil { throw noUser(name) }
        let available = try NetworkInterface.all()
        let served = try ServedInterfaces(settings.interfaceNames(interfaces), available: available)
        try check(settings.formerNetworks, on: served.host(settings))
        try requireOwn(settings, available: available)
        try requirePlaces(settings)
        try requireDistinct(settings, served: served.interfaces.flatMap { $0.addresses.map(\.address) })
        for problem in Loaders.problems(own: settings.loaders) { ServerLog.logger.warning("\(problem)") }
    }

    /// Networks of the file are taken over at a first start, which would end with these problems.
    private static func check(_ former: FormerNetworks, on host: ServingHost) throws {
        guard !former.keys.isEmpty else { return }
        let found = ServedNetworks(former.records, on: host).problems
        for problem in found where !problem.isFatal { ServerLog.logger.warning("dhcp: \(problem)") }
        if let problem = found.first(where: \.isFatal) { throw InvalidSetting("dhcp: \(problem)") }
        ServerLog.logger.warning(
            "\(former.keys.joined(separator: ", ")): imported once, by the first start whose fleet has no networks; after that they have no effect (roost network list shows what applies)"
        )
    }

    /// Throws where two services want one port, or a certificate cannot be used.
    ///
    /// - Parameter served: the addresses of the served interfaces.
    static func requireDistinct(_ settings: ServerSettings, served: [IPv4Address] = []) throws {
        let (roles, center) = (settings.roles, settings.center)
        let planes: [(name: String, port: UInt16)] =
            (roles.contains(.http) ? [("http", settings.httpPort)] : [])
            + (roles.contains(.nbd) ? [("nbd", settings.nbdPort)] : [])
        let datagrams: [(name: String, port: UInt16)] =
            (roles.contains(.dhcp) ? [("dhcp", 67), ("dhcp (boot server)", DHCPServer.bootServerPort)] : [])
            + (roles.contains(.tftp) ? [("tftp", settings.tftp.port)] : [])
            + (settings.logs.syslogPort.map { [("logs.syslog", $0)] } ?? [])
            + (settings.logs.netconsolePort.map { [("logs.netconsole", $0)] } ?? [])
        for group in [planes, datagrams] {
            for (index, one) in group.enumerated() {
                for other in group[..<index] where other.port == one.port {
                    throw InvalidSetting("\(other.name) and \(one.name) cannot both use port \(one.port)")
                }
            }
        }
        guard roles.contains(.center) else { return }
        let places = ((center.https ?? []) + [center.http].compactMap(\.self)).compactMap(Place.init)
        for (index, one) in places.enumerated() {
            for other in places[..<index] where one.meets(other) {
                throw InvalidSetting(
                    "center: \(other.text) and \(one.text) are one place: name one of them")
            }
            for plane in planes where one.meets(Int(plane.port), at: served) {
                throw InvalidSetting("center and \(plane.name) cannot both use \(one.text)")
            }
        }
        try requireDistinctAgentPort(settings, planes)
        guard let chain = center.certificate, let key = center.key else { return }
        for (name, path) in [("certificate", chain), ("key", key)]
        where !FileManager.default.fileExists(atPath: path) {
            throw InvalidSetting("center.\(name): there is no file \(path)")
        }
        do { try ServerCertificate.check(chainPath: chain, keyPath: key) } catch let error as InvalidSetting {
            throw InvalidSetting("center: \(error)")
        }
    }

    private static func requireDistinctAgentPort(
        _ settings: ServerSettings, _ planes: [(name: String, port: UInt16)]
    ) throws {
        let (center, port) = (settings.center, settings.center.agentPort)
        let pages = (center.https ?? []).compactMap { ServerSettings.Center.parts($0)?.port }
        if center.https == nil ? port == ServerSettings.Center.port : pages.contains(port) {
            throw InvalidSetting("center: https and agent-port cannot both use port \(port)")
        }
        for plane in planes where Int(plane.port) == port {
            throw InvalidSetting("center.agent-port and \(plane.name) cannot both use port \(port)")
        }
        // Without a choice, the pages are on each served interface, as the planes are.
        for plane in planes where center.https == nil && Int(plane.port) == ServerSettings.Center.port {
            throw InvalidSetting(
                "\(plane.name) and center.https cannot both use port \(plane.port): name another one for one of them"
            )
        }
    }

    /// Where the control center listens.
    private struct Place {
        let text: String
        private let host: String
        private let address: IPAddress?
        private let port: Int

        init?(_ text: String) {
            guard let (host, port) = ServerSettings.Center.parts(text) else { return nil }
            (self.text, self.host, self.port) = (text, host, port)
            address = IPAddress(host)
        }

        /// 0.0.0.0, or `::`, which takes IPv4, too.
        private var isAny: Bool { address.map { $0.bytes.allSatisfy { $0 == 0 } } ?? false }

        func meets(_ other: Self) -> Bool {
            port == other.port
                && (host == other.host || address != nil && address == other.address || isAny || other.isAny)
        }

        func meets(_ port: Int, at served: [IPv4Address]) -> Bool {
            self.port == port && (isAny || served.contains { IPAddress($0) == address })
        }
    }

    /// Throws where something else is in the place of the state directory or the socket.
    static func requirePlaces(_ settings: ServerSettings) throws {
        if let there = FileStatus(settings.stateDirectory, follows: true), !there.isDirectory {
            throw InvalidSetting("state-directory: \(settings.stateDirectory) is not a directory")
        }
        guard settings.roles.contains(.center), let there = FileStatus(settings.socket), !there.isSocket
        else {
            return
        }
        let kind = there.isDirectory ? "a directory" : "a file"
        throw InvalidSetting(
            "socket: \(settings.socket) is \(kind), which stays as it is: name a path that is free")
    }

    static func noUser(_ name: String) -> InvalidSetting {
        InvalidSetting("user: there is no user ‘\(name)’ (useradd --system \(name))")
    }

    /// Throws when the pages should be served on an IPv4 address that this machine does not have, and the kernel does not allow binding it
    /// early. Names and IPv6 addresses are only checked when they are bound.
    static func requireOwn(_ settings: ServerSettings, available: [NetworkInterface]) throws {
        let bindsOthers = try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_nonlocal_bind", encoding: .utf8)
        guard settings.roles.contains(.center), bindsOthers?.hasPrefix("1") != true else { return }
        let own = available.flatMap(\.addresses).map(\.address)
        for text in (settings.center.https ?? []) + (settings.center.http.map { [$0] } ?? []) {
            guard let host = ServerSettings.Center.parts(text)?.host, let address = IPv4Address(host),
                address != .any, address.rawValue >> 24 != 127, !own.contains(address)
            else { continue }
            let list = own.filter { $0.rawValue >> 24 != 127 }.map(\.description).joined(separator: ", ")
            throw InvalidSetting(
                list.isEmpty
                    ? "center: this host does not have the address \(address)"
                    : "center: this host does not have the address \(address); it has \(list)")
        }
    }
}
