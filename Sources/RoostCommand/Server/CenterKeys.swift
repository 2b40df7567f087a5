import Foundation
import Glibc
import Images
import Linux

/// The control center's own authority, and the certificate that it signs for the server: made and renewed at each start.
struct CenterKeys {
    /// Days that the server's certificate holds: browsers refuse longer ones, also of an authority added by hand.
    private static let days = 397
    /// It is made anew when fewer are left, so a server has to be started once in ten months.
    private static let renewalDays = 90

    let directory: String
    let names: [String]

    var authorityPath: String { "\(directory)/ca.pem" }
    var chainPath: String { "\(directory)/certificate.pem" }
    var keyPath: String { "\(directory)/key.pem" }
    private var authorityKeyPath: String { "\(directory)/ca-key.pem" }
    private var namesPath: String { "\(directory)/names" }

    /// Files that the unprivileged server reads; the authority's own key is not among them.
    static let servedFiles = ["ca.pem", "certificate.pem", "key.pem"]

    /// - Parameter addresses: what people may type to reach the server, besides its names.
    init(stateDirectory: String, addresses: [String]) {
        directory = "\(stateDirectory)/center"
        let host = ProcessInfo.processInfo.hostName
        names = Array(Swift.Set(addresses + [host, "localhost", "127.0.0.1"])).sorted()
    }

    /// Makes whatever is missing, near its end, or for other names, and lets `user` read what it serves.
    func make(for user: StateDirectory.User) throws {
        try makeMissing()
        guard geteuid() == 0 else { return }
        for path in Self.servedFiles.map({ "\(directory)/\($0)" }) {
            guard unsafe lchown(path, 0, user.gid) == 0, unsafe chmod(path, 0o640) == 0 else {
                throw SystemError("let the server read \(path)")
            }
        }
    }

    private func makeMissing() throws {
        let files = FileManager.default
        let openssl = try Program("openssl", package: "openssl")
        if !files.fileExists(atPath: authorityPath) || !files.fileExists(atPath: authorityKeyPath) {
            try request(
                openssl, subject: "Roost authority of \(ProcessInfo.processInfo.hostName)",
                extensions: [
                    "basicConstraints = critical, CA:TRUE, pathlen:0",
                    "keyUsage = critical, keyCertSign, cRLSign",
                    "subjectKeyIdentifier = hash",
                ],
                arguments: ["-days", "3650"],
                key: (authorityKeyPath, .centerAuthorityKey), certificate: (authorityPath, .centerAuthority))
        }
        let known = (try? WholeFile.read(namesPath)).map { String(decoding: $0, as: UTF8.self) }
        guard known != names.joined(separator: "\n") || !holds(openssl) else { return }
        let alternatives = names.map { name in
            "\(name.allSatisfy { $0.isNumber || $0 == "." } ? "IP" : "DNS"):\(name)"
        }
        try request(
            openssl, subject: names[0],
            extensions: [
                "basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature",
                "extendedKeyUsage = serverAuth", "subjectAltName = \(alternatives.joined(separator: ", "))",
                "authorityKeyIdentifier = keyid",
            ],
            arguments: [
                "-days", String(Self.days), "-CA", authorityPath, "-CAkey", authorityKeyPath,
            ], key: (keyPath, .centerKey), certificate: (chainPath, .centerCertificate),
            chain: try WholeFile.read(authorityPath))
        // The last: until it is there, the next start makes all of it anew.
        try WholeFile.replace(
            namesPath, with: Array(names.joined(separator: "\n").utf8), at: .centerNames)
    }

    private func holds(_ openssl: Program) -> Bool {
        guard FileManager.default.fileExists(atPath: chainPath),
            FileManager.default.fileExists(atPath: keyPath)
        else { return false }
        let seconds = Self.renewalDays * 86_400
        return (try? openssl.run(["x509", "-in", chainPath, "-noout", "-checkend", String(seconds)])) != nil
    }

    /// Makes a P-256 key and a certificate of it, with `chain` behind it.
    private func request(
        _ openssl: Program, subject: String, extensions: [String], arguments: [String],
        key: (path: String, Replacement), certificate: (path: String, Replacement), chain: [UInt8] = []
    ) throws {
        let work = try WorkDirectory(in: directory, prefix: ".request-")
        defer { work.remove() }
        let text = """
            [req]
            prompt = no
            distinguished_name = subject
            x509_extensions = extensions
            [subject]
            CN = \(subject.prefix(60))
            [extensions]
            \(extensions.joined(separator: "\n"))

            """
        try WholeFile.writeForNow("\(work.path)/openssl.cnf", Array(text.utf8))
        try openssl.run(
            [
                "req", "-x509", "-config", "\(work.path)/openssl.cnf", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(work.path)/key", "-out",
                "\(work.path)/certificate",
            ] + arguments)
        try WholeFile.replace(key.path, with: WholeFile.read("\(work.path)/key"), at: key.1)
        try WholeFile.replace(
            certificate.path, with: WholeFile.read("\(work.path)/certificate") + chain, at: certificate.1)
    }

    /// A random word that stays the same over restarts; made when it is missing.
    static func secret(_ name: String, stateDirectory: String) throws -> String {
        let path = "\(stateDirectory)/center/\(name)"
        if let known = try? WholeFile.read(path), !known.isEmpty {
            return String(decoding: known, as: UTF8.self)
        }
        let word = (0..<32).map { _ in String(UInt8.random(in: .min ... .max), radix: 16) }.joined()
        try WholeFile.replace(path, with: Array(word.utf8), at: .centerSecret)
        return word
    }

    /// SHA-256 of the authority's certificate, as browsers show it.
    func fingerprint() throws -> String {
        let output = try Program("openssl", package: "openssl").run([
            "x509", "-in", authorityPath, "-noout", "-fingerprint", "-sha256",
        ])
        return String(decoding: output, as: UTF8.self).split(separator: "=").last
            .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) } ?? ""
    }
}
