import Center
import Fleet
import Foundation
import Testing

@testable import RoostCommand

@Suite struct ServerSettingsTests {
    private func error(_ text: String) -> String {
        do {
            _ = try ServerSettings(parsing: text, file: "roost.yaml")
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test func `the example that is the manual is valid`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Packaging/roost.yaml")
        let settings = try ServerSettings(
            parsing: String(contentsOf: path, encoding: .utf8), file: "roost.yaml")
        #expect(settings.dhcp.networks.count == 2)
        #expect(settings.dhcp.networks[1].leaseSeconds == nil)
        #expect(settings.dhcp.reservations.count == 2)
        #expect(settings.loaderRules.count == 1)
        #expect(settings.allowances.networks.map(\.times) == [50])
    }

    @Test func `an advertised address is an address`() throws {
        let settings = try ServerSettings(parsing: "advertised-address: 192.0.2.10", file: "roost.yaml")
        #expect(settings.advertisedAddress.map { "\($0)" } == "192.0.2.10")
        #expect(error("advertised-address: roost.example").contains("an IPv4 address"))
    }

    @Test func `a limit for a network has both, and is a number`() {
        #expect(error("limits: [{network: 10.9.0.1/32, times: 50}]") == "")
        #expect(error("limits: [{network: 10.9.0.1/32}]").contains("needs network and times"))
        #expect(error("limits: [{network: 10.9.0.1/33, times: 2}]").contains("is not ADDRESS/LENGTH"))
        #expect(error("limits: [{network: 10.9.0.1/32, times: 0}]").contains("whole number from 1"))
    }

    @Test func `log-in sources are valid as the manual shows them, and refuse what would not be safe`() throws
    {
        let directory = NSTemporaryDirectory() + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for name in ["ldap.password", "ldap-ca.pem", "oidc.secret", "login-ca.pem"] {
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Packaging/roost.yaml")
        // The commented blocks of the manual, uncommented.
        let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
        let first = try #require(lines.firstIndex { $0 == "  # ldap:" })
        let block = lines[first...].prefix { $0.hasPrefix("  # ") }
            .filter { !$0.hasPrefix("  # Log-in at") }.map { "  " + $0.dropFirst(4) }
        let text = (["center:"] + block).joined(separator: "\n")
            .replacing("/etc/roost", with: directory)
        let sources = try ServerSettings(parsing: text, file: "roost.yaml").center.logInSources
        #expect(sources.ldap?.searcherPassword == "secret")
        #expect(sources.ldap?.grants?.grants(of: ["cn=Teachers,ou=groups,dc=example,dc=org"]).count == 2)
        #expect(sources.openID?.clientSecret == "secret")
        #expect(sources.openID?.redirect?.hasSuffix(":8443/login/oidc/done") == true)

        #expect(
            error("center: {ldap: {url: 'ldap://far', base: dc=x, tls: no}}").contains(
                "passwords go in clear"))
        #expect(error("center: {ldap: {url: 'http://x', base: dc=x}}").contains("ldaps://HOST"))
        #expect(
            error("center: {ldap: {url: 'ldaps://x', base: dc=x, bind: cn=a}}").contains("belong together"))
        #expect(error("center: {ldap: {url: 'ldaps://x', base: dc=x, roles: {a: king}}}").contains("‘king’"))
        #expect(
            error("center: {oidc: {issuer: 'http://far', client: a, secret-file: /x}}").contains("https://"))
        #expect(
            error("center: {oidc: {issuer: 'https://far', client: a, secret-file: /x}}").contains("not there")
        )
    }

    @Test func `an empty file means the defaults`() throws {
        #expect(try ServerSettings(parsing: "", file: "roost.yaml").httpPort == 80)
        #expect(try ServerSettings(parsing: "# nothing\n", file: "roost.yaml").roles.count == 5)
    }

    @Test(arguments: [
        ("roles: [dhcp]\ntftpd: yes\n", "roost.yaml:2: unknown key ‘tftpd’"),
        (
            "dhcp:\n  networks:\n    - interface: eth1\n      gateway: 10.0.0.1\n",
            "roost.yaml:4: unknown key ‘dhcp.networks[0].gateway’"
        ),
        ("http:\n  port: 99999\n", "roost.yaml:2: http.port: ‘99999’ is not a whole number"),
        ("roles: [dhcp, ftp]\n", "‘ftp’ is not one of dhcp"),
        ("dhcp:\n  networks:\n    - subnet: 10.0.0.1/24\n", "‘10.0.0.1/24’ is not a network"),
        ("dhcp:\n  networks:\n    - lease: 5x\n", "‘5x’ is neither a duration"),
        ("dhcp:\n  reservations:\n    - address: 10.0.0.1\n", "exactly one of mac, uuid, client-id"),
        ("dhcp:\n  networks:\n    - options: {53: 0x01}\n", "option 53 is the server's own business"),
        (
            "dhcp:\n  networks:\n    - options: {200: \(String(repeating: "a", count: 1_025))}\n",
            "1025 bytes of options do not fit a DHCP message"
        ),
        ("loader-rules:\n  - loader: ipxe.efi\n", "at least one of mac, architecture, vendor-class"),
        ("loader-rules:\n  - mac: 52:54\n", "‘52:54’ is not the beginning of a hardware address"),
        ("interfaces: {a: b}\n", "interfaces"),
        ("a: [\n", "not readable as YAML"),
    ])
    func `a mistake is named with its line`(text: String, message: String) {
        #expect(error(text).contains(message), "\(error(text))")
    }
}
