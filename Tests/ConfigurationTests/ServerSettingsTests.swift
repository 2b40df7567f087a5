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
        ("loader-rules:\n  - loader: ipxe.efi\n", "at least one of mac, architecture, vendor-class"),
        ("loader-rules:\n  - mac: 52:54\n", "‘52:54’ is not the beginning of a hardware address"),
        ("interfaces: {a: b}\n", "interfaces"),
        ("a: [\n", "not readable as YAML"),
    ])
    func `a mistake is named with its line`(text: String, message: String) {
        #expect(error(text).contains(message), "\(error(text))")
    }
}
