import Foundation
import Testing

@testable import AgentWork

/// What is changed on a terminal server, and undone.
@Suite struct ServerSetupTests {
    private static let xrdp = """
        [Globals]
        ; comment
        ini_version=1
        port=3389
        require_credentials=false
        autorun=
        [Xorg]
        name=Xorg
        autorun=kept

        """
    private static let sesman =
        "#%PAM-1.0\nauth required pam_env.so readenv=1\n@include common-auth\n-auth optional pam_gnome_keyring.so\n"
    private static let sshd = "# PAM\n@include common-auth\naccount required pam_nologin.so\n"

    private static func root(_ more: [String: String] = [:]) throws -> TemporaryRoot {
        let files = [
            "/usr/sbin/xrdp": "", "/usr/sbin/sshd": "", "/etc/xrdp/xrdp.ini": xrdp,
            "/etc/pam.d/xrdp-sesman": sesman, "/etc/pam.d/sshd": sshd, "/etc/ssh/sshd_config": "UsePAM yes\n",
            "/etc/ssh/sshd_config.d/other.conf": "", "/etc/systemd/system/x": "", "/etc/sysctl.d/x": "",
            "/etc/xrdp/key.pem": "", "/etc/group": "ssl-cert:x:105:xrdp\n",
        ]
        return try TemporaryRoot(files.merging(more) { $1 })
    }

    @Test func `what was set up is there once, and undone to the letter`() throws {
        let root = try Self.root()
        let programs = NotedPrograms()
        let setup = ServerSetup(places: root.places, programs: programs)
        #expect(setup.check().contains { !$0.isDone })
        let outcomes = try setup.apply(hasSessions: false)
        #expect(outcomes.allSatisfy { $0.line.hasPrefix("done: ") && !$0.isFailure }, "\(outcomes)")
        let undone = setup.check().filter { !$0.isDone }
        #expect(undone.isEmpty)
        let settings = try #require(root.text("/etc/xrdp/xrdp.ini"))
        #expect(settings.contains("[Globals]\n# roost-agent: begin\nrequire_credentials=true\n"))
        #expect(settings.contains("\n#roost-agent: require_credentials=false\n"))
        #expect(settings.contains("\nautorun=kept\n"))
        let pam = try #require(root.text("/etc/pam.d/xrdp-sesman"))
        let order = ["pam_env.so", "roost-agent ticket", "common-auth"].map { pam.range(of: $0)?.lowerBound }
        #expect(order.compactMap(\.self) == order.compactMap(\.self).sorted() && !order.contains(nil))
        #expect(programs.all.contains("systemctl try-restart xrdp"))
        // Again: nothing.
        #expect(try setup.apply(hasSessions: false).isEmpty)
        _ = try setup.remove(hasSessions: false)
        #expect(root.text("/etc/xrdp/xrdp.ini") == Self.xrdp)
        #expect(root.text("/etc/pam.d/xrdp-sesman") == Self.sesman)
        #expect(root.text("/etc/pam.d/sshd") == Self.sshd)
        #expect(root.text("/etc/ssh/sshd_config.d/roost-agent.conf") == nil)
        #expect(root.text("/etc/sysctl.d/60-roost-agent.conf") == nil)
        #expect(try setup.remove(hasSessions: false).isEmpty)
    }

    @Test func `xrdp is not restarted while it has sessions`() throws {
        let root = try Self.root()
        let programs = NotedPrograms()
        let outcomes = try ServerSetup(places: root.places, programs: programs).apply(hasSessions: true)
        #expect(!programs.all.contains("systemctl try-restart xrdp"))
        #expect(outcomes.contains { $0.line.hasPrefix("xrdp was not restarted") && !$0.isFailure })
    }

    @Test func `a command for keys that is there already stays, and is told`() throws {
        let root = try Self.root([
            "/etc/ssh/sshd_config": "AuthorizedKeysCommand /usr/bin/sss_ssh_authorizedkeys\n"
        ])
        let setup = ServerSetup(places: root.places, programs: NotedPrograms())
        let outcomes = try setup.apply(hasSessions: false)
        #expect(
            outcomes.contains {
                $0.line.contains("/etc/ssh/sshd_config has an AuthorizedKeysCommand already") && $0.isFailure
            })
        #expect(root.text("/etc/ssh/sshd_config.d/roost-agent.conf") == nil)
    }

    @Test func `a file that cannot be changed stays as it is`() throws {
        let root = try Self.root([
            "/etc/xrdp/xrdp.ini": "[Other]\n", "/etc/pam.d/sshd": "account required pam_nologin.so\n",
        ])
        let setup = ServerSetup(places: root.places, programs: NotedPrograms())
        #expect(try setup.apply(hasSessions: false).count(where: \.isFailure) == 2)
        #expect(root.text("/etc/xrdp/xrdp.ini") == "[Other]\n")
    }

    /// The key is root's, as Debian has it.
    @Test(.enabled(if: geteuid() == 0))
    func `xrdp joins the group of its certificate's key where it cannot read that`() throws {
        for (isThere, line) in [(true, "usermod -aG ssl-cert xrdp"), (false, nil)] {
            let root = try Self.root(["/etc/group": "ssl-cert:x:105:\n"])
            let key = root.path + "/etc/xrdp/key.pem"
            if isThere {
                try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
            } else {
                try FileManager.default.removeItem(atPath: key)
            }
            let programs = NotedPrograms()
            let setup = ServerSetup(places: root.places, programs: programs)
            #expect(setup.check().last?.isDone == false)
            let outcomes = try setup.apply(hasSessions: false)
            #expect(programs.all.first { $0.hasPrefix("usermod") } == line)
            #expect(outcomes.contains { $0.line.hasSuffix("the key of its certificate") } == isThere)
        }
    }

    @Test func `a mark without its end removes nothing`() {
        let text = "a\n\(ConfigurationEdit.begin)\nb\n"
        #expect(ConfigurationEdit.removed(from: text) == text)
    }

    @Test func `the agent's key and request are made, and others are no certificates`() throws {
        let request = try CertificateRequest(name: String(repeating: "ü", count: 100))
        #expect(request.key.hasPrefix("-----BEGIN PRIVATE KEY-----"))
        #expect(request.text.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----"))
        #expect(CertificateText.fingerprint(of: request.text) == nil)
        #expect(CertificateText.validity(of: "x") == nil)
    }
}
