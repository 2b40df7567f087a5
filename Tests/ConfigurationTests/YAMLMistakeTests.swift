import Testing

@testable import RoostCommand

/// What people write into `roost.yaml` by mistake, or half: it means what they would expect, or the error says file, line and key.
@Suite struct YAMLMistakeTests {
    private func error(_ text: String) -> String {
        do {
            _ = try ServerSettings(parsing: text, file: "roost.yaml")
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// What is below a key was commented out, or never filled in.
    @Test(arguments: [
        "roles:", "roles: ~", "roles: null", "interfaces:", "state-directory:", "socket:", "user:", "domain:",
        "log:",
        "image-keys:", "image-sources:", "server-name:", "advertised-address:", "loaders:", "loader-rules:",
        "dhcp:",
        "dhcp:\n  networks:\n  reservations:", "tftp: {port: , single-port: }", "http:", "http: {port: }",
        "nbd: {port: ~}",
        "nfs:", "logs: {syslog: }", "limits:", "center:",
        "center: {https: , http: , proxies: , certificate: , key: }",
        "center: {ldap: , oidc: }",
    ])
    func `a key without a value counts as absent`(text: String) throws {
        let settings = try ServerSettings(parsing: text, file: "roost.yaml")
        #expect(ServerSettings().differencesThatNeedRestart(from: settings) == [])
        #expect(ServerSettings().differencesThatAreFollowed(from: settings) == [])
        #expect(settings.formerNetworks.keys.isEmpty)
    }

    @Test func `empty lists and maps mean none, where that means something`() throws {
        for text in [
            "interfaces: []", "image-sources: []", "limits: []", "image-keys: []", "loaders: {}", "http: {}",
        ] {
            #expect(error(text) == "", "\(text)")
        }
        let none = try ServerSettings(parsing: "center: {https: []}", file: "roost.yaml")
        #expect(none.center.https == [])
        #expect(error("\nroles: []").hasPrefix("roost.yaml:2: roles: is an empty list"))
        #expect(error("roles: []").contains("one of dhcp, tftp"))
        #expect(error("center:\n  ldap: {}").hasPrefix("roost.yaml:2: a directory needs url"))
    }

    @Test(arguments: [
        ("log: text\nroles: {}", "roost.yaml:2: roles: must be one of dhcp"),
        ("interfaces: [[eth0]]", "roost.yaml:1: interfaces: must be an interface's name, or a list of these"),
        ("interfaces:\n- eth0\n-", "roost.yaml:3: interfaces: an entry of the list has no value"),
        ("roles: [dhcp, ~]", "roost.yaml:1: roles: an entry of the list has no value"),
        ("roles: dhcp, nbd", "roost.yaml:1: roles: ‘dhcp, nbd’ is one text; several are a list: [dhcp, nbd]"),
        ("interfaces: eth0 eth1", "several are a list: [eth0, eth1]"),
        ("roles: dhcp, king", "‘dhcp, king’ is not one of"),
        ("loaders: {a: }", "roost.yaml:1: loaders.a: has no value"),
        ("user: ''", "roost.yaml:1: user: ‘’ is not a text"),
        ("center: {certificate: '', key: ''}", "center.certificate: ‘’ is not a text"),
        ("image-keys: [abc]", "roost.yaml:1: image-keys: ‘abc’ is not an Ed25519 public key"),
        ("image-sources: {}", "roost.yaml:1: image-sources: must be a list"),
        ("dhcp: {}\nlog: json\ndhcp: {}", "given twice: dhcp"),
        ("http:\n  port: 80\n  port: 81", "roost.yaml:2: given twice: port"),
        ("http: {port: 80.0}", "http.port: ‘80.0’ is not a whole number"),
        ("center: no", "roost.yaml:1: center must be a mapping"),
    ])
    func `what cannot be meant is refused with line and key`(text: String, told: String) {
        #expect(error(text).contains(told), "\(error(text))")
    }

    @Test(arguments: [
        (
            "dhcp:\n\trouter-advertisements: no",
            "roost.yaml:2: not readable as YAML: the line begins with a tab"
        ),
        ("dhcp:\n  router-advertisements: no\n \thttp: 1", "begins with a tab"),
        (
            "roles:dhcp",
            "roost.yaml:1: the file must be a mapping of keys to values: there is no blank behind its colon"
        ),
        ("roles:dhcp\nlog: json", "line 1 lacks a blank behind its colon"),
        ("log: json\nroles:dhcp\nhttp: {port: 80}", "line 2 lacks a blank behind its colon"),
        ("roles: [dhcp]\n---\nroles: [nbd]", "roost.yaml:2: a second document begins here"),
        ("base: &b {port: 80}\nhttp:\n  <<: *b", "roost.yaml:3: merge keys (<<) are not read"),
        ("http: *none", "undefined alias"),
        ("? [a]\n: b", "roost.yaml:1: a key must be text"),
        ("roles: “dhcp”", "roles: ‘“dhcp”’ begins or ends with a character"),
        ("log: json\u{A0}", "(U+A0)"),
        ("http:\n  \u{A0}port: 80", "(U+A0)"),
        ("log: json\nserver-name: !vault 6162", "roost.yaml:2: the tag !vault has no meaning here"),
        ("roles:\n- dhcp\n- !!binary bmJk", "roost.yaml:3: the tag !!binary has no meaning here"),
        ("http: !Ref {port: 80}", "roost.yaml:1: the tag !Ref"),
    ])
    func `what editors and the web put into a file is called by its name`(text: String, told: String) {
        #expect(error(text).contains(told), "\(error(text))")
    }

    @Test(arguments: [
        "roles: &all [dhcp, tftp]\ninterfaces: [eth0]", "%YAML 1.2\n---\nroles: [dhcp]\n...\n",
        "roles : [dhcp]", "log: !!str json", "roles: !!seq [! dhcp]", "http: !!map {port: !!int 80}",
        "roles:\r\n- dhcp\r\n", "\u{FEFF}roles: dhcp", "# nothing\n", "---\n", "~",
        "logs: {syslog: off, netconsole: 0}",
        "center: {oidc: {issuer: https://far, client: a, secret-file: \(#filePath), title: „Nord“ und Süd}}",
    ])
    func `what YAML allows is taken`(text: String) { #expect(error(text) == "") }

    @Test func `an anchor's value holds wherever its alias stands`() throws {
        let settings = try ServerSettings(
            parsing: "tftp: {port: &port 6900}\nhttp: {port: *port}\nlogs: {syslog: off}", file: "roost.yaml")
        #expect(settings.httpPort == 6_900 && settings.logs.syslogPort == nil)
    }
}
