import Center
import Fleet
import Foundation
import Testing
import Wire

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

    @Test func `the example file is valid`() throws {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Packaging/roost.yaml")
        let settings = try ServerSettings(
            parsing: String(contentsOf: path, encoding: .utf8), file: "roost.yaml")
        #expect(settings.formerNetworks.keys.isEmpty)
        #expect(settings.allowances.networks.map(\.times) == [50])
    }

    @Test
    func `a reload applies loaders, their rules, domain and address, and names what needs a restart`() throws
    {
        let server = try #require(IPv4Address("10.77.0.1"))
        var policy = BootPolicy(server: server, loaders: ["ipxe.efi"], nodeArchives: [:])
        let settings = try ServerSettings(
            parsing: """
                domain: school.example
                advertised-address: 192.0.2.10
                log: json
                dhcp: {router-advertisements: no}
                """, file: "roost.yaml")
        let rule = LoaderRule(name: try RuleName("old"), vendorClass: "PXEClient", loader: "snponly.efi")
        policy.follow(settings, loaders: ["snponly.efi"], [rule])
        #expect(policy.loaders == ["snponly.efi"] && policy.loaderRules == [rule])
        #expect(policy.domain == "school.example")
        #expect(policy.on(server: server).server == IPv4Address("192.0.2.10"))
        let restart = ServerSettings().differencesThatNeedRestart(from: settings)
        #expect(restart == ["log", "dhcp.router-advertisements"])
        #expect(
            ServerSettings().differencesThatAreFollowed(from: settings) == [.domain, .advertisedAddress])
        policy.follow(ServerSettings(), loaders: [], [])
        #expect(policy == BootPolicy(server: server, loaders: [], nodeArchives: [:]))
    }

    @Test func `the directory of programs that mint is absolute, and another one needs a restart`() throws {
        let settings = try ServerSettings(parsing: "minting-programs: /etc/roost/minting", file: "roost.yaml")
        #expect(settings.mintingPrograms == "/etc/roost/minting")
        #expect(ServerSettings().differencesThatNeedRestart(from: settings) == ["minting-programs"])
        #expect(error("minting-programs: minting").contains("an absolute path"))
    }

    @Test func `an advertised address is an address`() throws {
        let settings = try ServerSettings(parsing: "advertised-address: 192.0.2.10", file: "roost.yaml")
        #expect(settings.advertisedAddress.map { "\($0)" } == "192.0.2.10")
        #expect(error("advertised-address: roost.example").contains("an IPv4 address"))
    }

    @Test func `a limit for a network needs both keys, and a number`() {
        #expect(error("limits: [{network: 10.9.0.1/32, times: 50}]") == "")
        #expect(error("limits: [{network: '2001:db8::/64', times: 50}]") == "")
        #expect(error("limits: [{network: 10.9.0.1/32}]").contains("needs network and times"))
        #expect(error("limits: [{network: 10.9.0.1/33, times: 2}]").contains("is not ADDRESS/LENGTH"))
        #expect(error("limits: [{network: 10.9.0.1/32, times: 0}]").contains("whole number from 1"))
    }

    @Test func `log-in sources are valid as in the example, and unsafe ones are refused`() throws {
        let directory = NSTemporaryDirectory() + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        for name in ["ldap.password", "ldap-ca.pem", "oidc.secret", "login-ca.pem"] {
            try Data("secret\n".utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "../../Packaging/roost.yaml")
        // The commented blocks of the example, uncommented.
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
                "passwords are sent in clear"))
        #expect(error("center: {ldap: {url: 'http://x', base: dc=x}}").contains("ldaps://HOST"))
        #expect(
            error("center: {ldap: {url: 'ldaps://x', base: dc=x, bind: cn=a}}").contains(
                "together, or neither"))
        #expect(error("center: {ldap: {url: 'ldaps://x', base: dc=x, roles: {a: king}}}").contains("‘king’"))
        #expect(
            error("center: {oidc: {issuer: 'http://far', client: a, secret-file: /x}}").contains("https://"))
        #expect(
            error("center: {oidc: {issuer: 'https://far', client: a, secret-file: /x}}").contains(
                "does not exist")
        )
    }

    @Test(arguments: [
        ("ldap: {base: dc=x}", "needs url and base"), ("ldap: {url: 'ldaps://x'}", "needs url and base"),
        ("ldap: {url: 'ldaps://x', base: dc=x, filter: '(uid=name)'}", "a filter with {name} in it"),
        ("ldap: {url: 'ldaps://x', base: dc=x, roles: {staff: admin}}", "set group-base"),
        ("ldap: {url: 'ldaps://x', base: dc=x, group-base: dc=y, roles: {staff: admin}}", ""),
        ("ldap: {url: 'ldaps://x', base: dc=x, roles: {'cn=staff,dc=x': 'admin, operator@/school'}}", ""),
        ("ldap: {url: 'ldaps://x', base: dc=x, roles: {'cn=staff,dc=x': replica}}", "‘replica’"),
        ("ldap: {url: 'ldaps://x', base: dc=x, password-file: \(#filePath)}", "together, or neither"),
        ("oidc: {issuer: 'https://x', client: a}", "needs issuer, client and secret-file"),
        ("oidc: {issuer: 'https://x', client: a, secret-file: \(#filePath), scopes: [email]}", "openid"),
        ("oidc: {issuer: 'https://x', client: a, secret-file: \(#filePath), scopes: [openid, a]}", ""),
        ("oidc: {issuer: 'https://x', client: a, secret-file: relative}", "a file"),
    ])
    func `what a source of log-ins lacks is told`(text: String, words: String) {
        let told = error("center: {\(text)}")
        #expect(words.isEmpty ? told == "" : told.contains(words), "\(told)")
    }

    /// SSSD/sssd#854, DirectoryTree/LdapRecord#700: what is this host is not said by how an address begins.
    @Test(arguments: [
        ("ldap://localhost", true), ("ldap://localhost:389/", true), ("ldap://LOCALHOST.", true),
        ("ldap://127.0.0.1", true), ("ldap://127.8.8.8:1389", true), ("ldap://[::1]:389", true),
        ("ldap://localhost,ldap://127.0.0.1", true), ("ldap://localhost.evil", false),
        ("ldap://localhost.evil:389", false), ("ldap://localhosts", false), ("ldap://127.evil", false),
        ("ldap://127.0.0.1.evil", false), ("ldap://[::2]", false), ("ldap://localhost@evil", false),
        ("ldap://127.0.0.1:1@evil", false), ("ldap://localhost#.evil", false), ("ldap://", false),
        ("ldap://localhost/,ldap://evil", false), ("ldap://localhost ldap://evil", false),
        ("ldap:///", false),
        ("ldap://evil/localhost", false), ("ldap://localhost%00.evil", false),
        ("ldap://localhost\\evil", false), ("ldap://localhost:99999", false),
    ])
    func `a directory is asked without TLS only on this host, whatever its address begins with`(
        url: String, isTaken: Bool
    ) {
        let told = error("center: {ldap: {url: '\(url)', base: dc=x, tls: no}}")
        #expect(told.isEmpty == isTaken, "\(told)")
    }

    @Test(arguments: [
        "ldaps://good ldap://evil", "ldap://good,ldaps://good", "ldaps://user@good", "ldaps://good/dc=x",
        "ldaps://good x",
    ])
    func `several servers of a directory speak TLS in the same way`(url: String) {
        #expect(error("center: {ldap: {url: '\(url)', base: dc=x}}").contains("ldaps://HOST"))
        #expect(error("center: {ldap: {url: 'ldaps://one ldaps://two', base: dc=x}}") == "")
    }

    @Test(arguments: [
        ("http://localhost:5000", true), ("http://127.0.0.1/realms/x", true), ("http://[::1]:80", true),
        ("https://far/realms/x", true), ("HTTPS://far", true),
        ("http://localhost.evil", false), ("http://127.evil", false), ("http://localhost@evil", false),
        ("http://localhost:80@evil", false), ("https://", false), ("https:///x", false),
        ("https://good@evil", false), ("https://far?x=1", false), ("https://far#x", false),
    ])
    func `a provider is reached by HTTPS, or on this host`(issuer: String, isTaken: Bool) {
        let told = error("center: {oidc: {issuer: '\(issuer)', client: a, secret-file: /none}}")
        #expect(told.contains(isTaken ? "does not exist" : "https://…"), "\(told)")
    }

    @Test func `what follows a host is compared as a path`() {
        func redirect(_ text: String) -> String {
            error(
                "center: {oidc: {issuer: 'https://far', client: a, secret-file: \(#filePath), redirect: '\(text)'}}"
            )
        }
        #expect(redirect("https://roost:8443/login/oidc/done") == "")
        for text in [
            "https://evil?/login/oidc/done", "https://evil/#/login/oidc/done",
            "https://evil/x/login/oidc/done",
        ] {
            #expect(redirect(text).contains("is not https://…"), "\(text)")
        }
        #expect(error("image-sources: [{url: 'https://', token-file: /x}]").contains("https://HOST:PORT"))
        #expect(error("image-sources: [{url: 'https://a@b', token-file: /x}]").contains("https://HOST:PORT"))
    }

    @Test func `addresses of the control center are IPv4 or IPv6`() throws {
        let settings = try ServerSettings(
            parsing: """
                center:
                  https: ["[fd00::1]:8443", "10.77.0.1:8443", "roost.example:443"]
                  http: "[::1]:8080"
                  proxies: [10.0.0.5, "fd00::/64"]
                  proxy-protocol: yes
                """, file: "roost.yaml"
        ).center
        #expect(
            settings.https?.compactMap { ServerSettings.Center.parts($0)?.host } == [
                "fd00::1", "10.77.0.1", "roost.example",
            ])
        #expect(settings.http == "[::1]:8080" && settings.readsProxyHeader && settings.proxies?.count == 2)
        #expect(CenterAddress(host: "fd00::1", port: 8_443, certificate: nil).url == "http://[fd00::1]:8443")
    }

    @Test func `a file saved by a Windows editor is read`() throws {
        let settings = try ServerSettings(
            parsing: "\u{FEFF}interfaces: [eth1]\r\ndomain: school.example\r\n", file: "roost.yaml")
        #expect(settings.interfaces == ["eth1"] && settings.domain == "school.example")
    }

    @Test
    func `missing interfaces, files and users are reported before anything is bound`()
        throws
    {
        func settings(_ text: String) throws -> ServerSettings {
            try ServerSettings(parsing: text, file: "roost.yaml")
        }
        let own = try #require(IPv4Address("10.77.0.1"))
        let user = #expect(throws: InvalidSetting.self) {
            try Server.check(settings("user: no-such-user"), interfaces: [])
        }
        #expect(user?.description.contains("there is no user ‘no-such-user’") == true)
        let far = try settings("center:\n  https: 192.0.2.77:8443")
        if (try? String(contentsOfFile: "/proc/sys/net/ipv4/ip_nonlocal_bind", encoding: .utf8))?.first == "0"
        {
            let address = #expect(throws: InvalidSetting.self) { try Server.requireOwn(far, available: []) }
            #expect(address?.description.contains("does not have the address 192.0.2.77") == true)
        }
        for host in ["127.0.0.1", "0.0.0.0", "[::1]", "roost.school.example"] {
            try Server.requireOwn(settings("center:\n  https: '\(host):8443'"), available: [])
        }
        for (text, words) in [
            ("http: {port: 8080}\nnbd: {port: 8080}", "both use port 8080"),
            ("tftp: {port: 67}", "dhcp and tftp cannot both use port 67"),
            ("http: {port: 8443}", "http and center.https cannot both use port 8443"),
            ("nbd: {port: 8443}", "nbd and center.https cannot both use port 8443"),
            ("tftp: {port: 514}", "tftp and logs.syslog cannot both use port 514"),
            ("center: {https: ['10.77.0.1:80']}", "center and http cannot both use 10.77.0.1:80"),
            ("center: {https: ['0.0.0.0:10809']}", "center and nbd cannot both use 0.0.0.0:10809"),
            ("center: {https: ['10.77.0.1:443', '10.77.0.1:443']}", "are one place"),
            ("center: {https: ['10.77.0.1:443', '[::]:443']}", "are one place"),
            ("center: {https: ['[::1]:443', '[0:0::1]:443']}", "are one place"),
            ("center: {https: ['127.0.0.1:8080'], http: '127.0.0.1:8080'}", "are one place"),
            (
                "center: {certificate: /nowhere/c.pem, key: /nowhere/k.pem}",
                "center.certificate: there is no file /nowhere/c.pem"
            ),
            ("center: {certificate: \(#filePath), key: \(#filePath)}", "is not a certificate in PEM"),
        ] {
            let error = #expect(throws: InvalidSetting.self) {
                try Server.requireDistinct(settings(text), served: [own])
            }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
        for text in [
            "http: {port: 8080}\ntftp: {port: 8080}", "roles: [tftp, center]\ntftp: {port: 67}",
            "center: {https: ['192.168.1.1:80', '127.0.0.1:80'], http: '127.0.0.1:8080'}",
            "roles: [dhcp, center]\ncenter: {https: ['10.77.0.1:80', '10.77.0.2:80']}",
        ] {
            try Server.requireDistinct(settings(text), served: [own])
        }
        #expect(Loaders.problems(own: ["x.efi": "/nowhere/x.efi", "y.efi": "/"]).count == 2)
        #expect(Loaders.problems(own: ["x.efi": #filePath]).isEmpty)
    }

    /// What is there stays, above all the configuration that names itself.
    @Test func `a file in the place of the socket or the state directory is refused`() throws {
        for (text, words) in [
            ("socket: \(#filePath)", "is a file, which stays"),
            ("socket: /tmp", "is a directory, which stays"),
            ("state-directory: \(#filePath)", "is not a directory"),
        ] {
            let settings = try ServerSettings(parsing: text, file: "roost.yaml")
            let error = #expect(throws: InvalidSetting.self) { try Server.requirePlaces(settings) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
        try Server.requirePlaces(ServerSettings(parsing: "state-directory: /nowhere/x", file: "roost.yaml"))
        for address in ["255.255.255.255", "0.0.0.0", "224.0.0.1"] {
            #expect(error("advertised-address: \(address)").contains("is not an IPv4 address of a host"))
        }
    }

    @Test func `options are addresses and numbers where the option holds those, however a list is written`()
        throws
    {
        let settings = try ServerSettings(
            parsing: """
                dhcp:
                  networks:
                    - options:
                        150: [10.0.0.5, 10.0.0.6]
                        44: 10.0.0.7, 10.0.0.8
                        66: 10.0.0.9
                        252: "http://wpad/wpad.dat"
                        46: 8
                        19: no
                """, file: "roost.yaml")
        let options = try #require(settings.formerNetworks.records.networks.values.first).options.bytes
        #expect(options[150] == [10, 0, 0, 5, 10, 0, 0, 6] && options[44] == [10, 0, 0, 7, 10, 0, 0, 8])
        #expect(options[66] == Array("10.0.0.9".utf8) && options[252] == Array("http://wpad/wpad.dat".utf8))
        #expect(options[46] == [8] && options[19] == [0])
        #expect(
            error("dhcp:\n  networks:\n    - options: {150: tftp.example}\n").contains(
                "option 150: ‘tftp.example’ is not one or more IPv4 addresses"))
    }

    @Test func `an empty file means the defaults`() throws {
        #expect(try ServerSettings(parsing: "", file: "roost.yaml").httpPort == 80)
        #expect(try ServerSettings(parsing: "# nothing\n", file: "roost.yaml").roles.count == 5)
    }

    @Test(arguments: [
        ("roles: [dhcp]\ntftpd: yes\n", "roost.yaml:2: unknown key ‘tftpd’"),
        ("interfaces: [eth1]\nrols: [dhcp]\n", "did you mean ‘roles’?"),
        ("tftp:\n  single_port: yes\n", "did you mean ‘single-port’?"),
        (
            "dhcp:\n  networks:\n    - interface: eth1\n      gateway: 10.0.0.1\n",
            "roost.yaml:4: unknown key ‘dhcp.networks[0].gateway’"
        ),
        ("http:\n  port: 99999\n", "roost.yaml:2: http.port: ‘99999’ is not a whole number"),
        ("roles: [dhcp, ftp]\n", "‘ftp’ is not one of dhcp"),
        ("dhcp:\n  networks:\n    - subnet: 10.0.0.1/24\n", "‘10.0.0.1/24’ is not a network"),
        ("dhcp:\n  networks:\n    - lease: 5x\n", "‘5x’ is not a duration"),
        ("dhcp:\n  reservations:\n    - address: 10.0.0.1\n", "exactly one of mac, uuid, client-id"),
        ("dhcp:\n  networks:\n    - options: {53: 0x01}\n", "option 53 is set by the server itself"),
        (
            "dhcp:\n  networks:\n    - options: {200: \(String(repeating: "a", count: 1_025))}\n",
            "1025 bytes of options do not fit into a DHCP message"
        ),
        (
            "dhcp:\n  networks:\n    - options: {43: 0x\(String(repeating: "aa", count: 256))}\n",
            "option 43: 256 bytes do not fit a DHCP option, which has at most 255"
        ),
        (
            "dhcp:\n  networks:\n    - name-servers: [\((1...64).map { "10.0.0.\($0)" }.joined(separator: ", "))]\n",
            "name-servers: 256 bytes do not fit a DHCP option"
        ),
        (
            "dhcp:\n  networks:\n    - routes: [\((1...32).map { "10.0.\($0).0/24 via 10.0.0.1" }.joined(separator: ", "))]\n",
            "routes: 256 bytes"
        ),
        (
            "domain: \(String(repeating: "a", count: 64)).example\n",
            "has 64 bytes; a label of a domain has at most 63"
        ),
        (
            "domain: \([String](repeating: "example", count: 25).joined(separator: "."))\n",
            "the domain has 199 bytes; with a node's name in front, which may have 63"
        ),
        ("domain: school..example\n", "is not a domain"), ("domain: a b\n", "is not a domain"),
        (
            "socket: /\(String(repeating: "s", count: 107))\n",
            "the path has 108 bytes; the path of a local socket has at most 107"
        ),
        (
            "loader-rules:\n  - {mac: '52:54:*', loader: \(String(repeating: "l", count: 128))}\n",
            "the name has 128 bytes; a DHCP answer has room for 127"
        ),
        ("center: {http: '10.0.0.1:80'}\n", "is not a loopback ADDRESS:PORT"),
        ("center: {https: ['fd00::1:8443']}\n", "is not ADDRESS:PORT"),
        ("center: {https: ['[10.0.0.1]:8443']}\n", "is not ADDRESS:PORT"),
        ("center: {proxies: [10.0.0.1/8]}\n", "is not an address or a network"),
        ("center: {proxy-protocol: yes}\n", "proxy-protocol needs the addresses of the proxies"),
        ("loader-rules:\n  - loader: ipxe.efi\n", "at least one of mac, architecture, vendor-class"),
        ("loader-rules:\n  - mac: 52:54\n", "‘52:54’ is not the beginning of a hardware address"),
        ("interfaces: {a: b}\n", "interfaces"),
        ("a: [\n", "not readable as YAML"),
    ])
    func `a mistake is reported with its line`(text: String, message: String) {
        #expect(error(text).contains(message), "\(error(text))")
    }
}
