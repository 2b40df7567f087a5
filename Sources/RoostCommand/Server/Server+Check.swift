import API
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
        try requireDistinct(settings)
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

    /// Throws where two services want one port, or a certificate is not there.
    static func requireDistinct(_ settings: ServerSettings) throws {
        let roles = settings.roles
        if roles.contains(.http), roles.contains(.nbd), settings.httpPort == settings.nbdPort {
            throw InvalidSetting("http and nbd cannot both use port \(settings.httpPort)")
        }
        for path in [settings.center.certificate, settings.center.key].compactMap(\.self)
        where roles.contains(.center) && !FileManager.default.fileExists(atPath: path) {
            throw InvalidSetting("center: there is no file \(path)")
        }
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
                "center: this host does not have the address \(address)"
                    + (list.isEmpty ? "" : "; it has \(list)"))
        }
    }
}
