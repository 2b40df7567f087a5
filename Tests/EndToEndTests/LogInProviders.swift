import Foundation
import Testing

/// A program that runs beside a test and ends with it.
final class Background {
    private let process = Process()

    init(
        _ path: String, _ arguments: [String], environment: [String: String] = [:], log: String
    ) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        try Data().write(to: URL(fileURLWithPath: log))
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.start()
    }

    /// Ends it at once.
    func end() { kill(process.processIdentifier, SIGKILL) }

    deinit { end() }
}

/// A school's directory (OpenLDAP's slapd) and its single sign-on (Canaille), with the same authority.
final class LogInProviders {
    static let slapd = "\(BootLab.repository)/.build/slapd"
    static let searcherPassword = "searching for people"

    let directory: String
    let ldapPort: Int
    let openIDPort: Int
    private var running: [Background] = []

    init() throws {
        directory = NSTemporaryDirectory() + "roost-log-in-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: "\(directory)/db", withIntermediateDirectories: true)
        (ldapPort, openIDPort) = (try CenterServer.freePort(), try CenterServer.freePort())
        try BootLab.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                "\(directory)/key.pem", "-out", "\(directory)/certificate.pem",
            ])
        try write("ldap.password", Self.searcherPassword + "\n")
        try write("oidc.secret", "a secret of the test\n")
    }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }

    func stop() {
        running.removeAll()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The lines of `roost.yaml` below `center`.
    var configuration: String {
        """
          ldap:
            url: ldap://127.0.0.1:\(ldapPort)
            base: dc=school
            bind: cn=roost,dc=school
            password-file: \(directory)/ldap.password
            authority: \(directory)/certificate.pem
            group-base: dc=school
            roles: {teachers: "helpdesk@/school", "CN=Admins, DC=School": admin}
          oidc:
            issuer: https://localhost:\(openIDPort)
            client: roost
            secret-file: \(directory)/oidc.secret
            title: Example School
            authority: \(directory)/certificate.pem
            name-claim: sub
            scopes: [openid, profile, groups]
            roles: {roost-admins: admin}
        """
    }

    // MARK: LDAP

    /// `tess` is a teacher, `otto` is in no group, `mallory` has the name of a local account.
    func startDirectory() throws {
        let people = [("tess", "chalk and board"), ("otto", "only a pupil"), ("ann", "not the real ann")]
        let entries = people.map { name, password in
            """
            dn: uid=\(name),dc=school
            objectClass: inetOrgPerson
            uid: \(name)
            cn: \(name.capitalized) Example
            sn: Example
            userPassword: \(password)
            """
        }
        try write(
            "school.ldif",
            """
            dn: dc=school
            objectClass: organization
            objectClass: dcObject
            o: School
            dc: school

            \(entries.joined(separator: "\n\n"))

            dn: cn=teachers,dc=school
            objectClass: groupOfNames
            cn: teachers
            member: uid=tess,dc=school

            dn: cn=admins,dc=school
            objectClass: groupOfNames
            cn: admins
            member: uid=ann,dc=school
            """)
        try write(
            "slapd.conf",
            """
            include \(Self.slapd)/etc/ldap/schema/core.schema
            include \(Self.slapd)/etc/ldap/schema/cosine.schema
            include \(Self.slapd)/etc/ldap/schema/inetorgperson.schema
            modulepath \(Self.slapd)/usr/lib/ldap
            moduleload back_mdb
            TLSCertificateFile \(directory)/certificate.pem
            TLSCertificateKeyFile \(directory)/key.pem
            security simple_bind=128
            database mdb
            suffix "dc=school"
            rootdn "cn=roost,dc=school"
            rootpw "\(Self.searcherPassword)"
            directory \(directory)/db
            access to attrs=userPassword by anonymous auth by * none
            access to * by users read by * none
            """)
        try BootLab.run(
            "env",
            [
                "\(Self.slapd)/usr/sbin/slapadd", "-f", "\(directory)/slapd.conf", "-l",
                "\(directory)/school.ldif",
            ],
            environment: ["LD_LIBRARY_PATH": "\(Self.slapd)/usr/lib/x86_64-linux-gnu"])
        running.append(
            try Background(
                "\(Self.slapd)/usr/sbin/slapd",
                ["-f", "\(directory)/slapd.conf", "-h", "ldap://127.0.0.1:\(ldapPort)", "-d", "stats"],
                environment: ["LD_LIBRARY_PATH": "\(Self.slapd)/usr/lib/x86_64-linux-gnu"],
                log: "\(directory)/slapd.log"))
        try waitForPort(ldapPort)
    }

    // MARK: OpenID Connect

    /// `olga` is in the group `roost-admins`, `bob` is not.
    func startProvider(server: CenterServer) throws {
        let script = """
            import sys
            from canaille import create_app
            from canaille.app import models
            from canaille.backends import Backend
            port, certificate, key, redirect = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
            # Without scripts: they check input while it is typed, and reset the field.
            app = create_app({'SECRET_KEY': 'for tests', 'SERVER_NAME': f'localhost:{port}',
                              'CANAILLE': {'DATABASE': 'memory', 'NAME': 'School', 'JAVASCRIPT': False}, 'CANAILLE_OIDC': {}})
            with app.app_context():
                for name, password, group in (('olga', 'correct horse battery', 'roost-admins'), ('bob', 'staple of the day', 'others')):
                    user = models.User(user_name=name, formatted_name=name.title() + ' Example', family_name='Example',
                                       emails=[name + '@school.example'], password=password)
                    Backend.instance.save(user)
                    Backend.instance.save(models.Group(display_name=group, members=[user]))
                client = models.Client(client_id='roost', client_secret='a secret of the test', client_name='Roost',
                                       redirect_uris=[redirect], grant_types=['authorization_code'], response_types=['code'],
                                       scope=['openid', 'profile', 'groups'], token_endpoint_auth_method='client_secret_basic',
                                       client_uri='https://localhost')
                Backend.instance.save(client)
                client.audience = [client]
                Backend.instance.save(client)
            app.run(host='127.0.0.1', port=port, ssl_context=(certificate, key), threaded=True)
            """
        running.append(
            try Background(
                "/usr/bin/python3",
                [
                    "-c", script, "\(openIDPort)", "\(directory)/certificate.pem", "\(directory)/key.pem",
                    "\(server.base)/login/oidc/done",
                ],
                environment: ["PYTHONPATH": "\(BootLab.repository)/.build/canaille"],
                log: "\(directory)/canaille.log"))
        try waitForPort(openIDPort)
    }

    private func waitForPort(_ port: Int) throws {
        let probe = """
            import socket, sys, time
            for _ in range(300):
                try: socket.create_connection(('127.0.0.1', int(sys.argv[1])), 1); sys.exit(0)
                except OSError: time.sleep(0.1)
            sys.exit('nobody listens')
            """
        do { try BootLab.run("python3", ["-c", probe, "\(port)"]) } catch {
            let logs = ["slapd.log", "canaille.log"].compactMap {
                try? String(contentsOfFile: "\(directory)/\($0)", encoding: .utf8)
            }
            throw CommandFailed(command: "start a log-in provider", status: 1, output: logs.joined())
        }
    }
}
