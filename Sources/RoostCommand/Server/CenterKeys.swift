import Center
import Fleet
import Foundation
import Glibc
import Images
import Linux
import Wire

/// The control center's own certificate authority, and the server certificate that it signs: created and renewed at each start and while
/// serving.
struct CenterKeys {
    /// Days of the server certificate's validity: browsers refuse longer ones, even from an authority added by hand.
    private static let days = 397
    /// It is renewed when fewer days are left.
    private static let renewalDays = 90

    let directory: String
    let names: [String]
    /// Seconds since 1970, by the clock.
    private let now: Int

    var authorityPath: String { "\(directory)/ca.pem" }
    var chainPath: String { "\(directory)/certificate.pem" }
    var keyPath: String { "\(directory)/key.pem" }
    private var authorityKeyPath: String { "\(directory)/ca-key.pem" }
    private var namesPath: String { "\(directory)/names" }

    /// Files that the unprivileged server reads; the authority's own key is not one of them.
    static let servedFiles = ["ca.pem", "certificate.pem", "key.pem"]

    /// - Parameter addresses: what people may type to reach the server, besides its names.
    init(stateDirectory: String, addresses: [String], now: Int = SystemClock.wall / 1_000) {
        directory = "\(stateDirectory)/center"
        self.now = now
        let host = ProcessInfo.processInfo.hostName
        // A zone means something on one host alone, and no certificate has one (RFC 4007 §11.2).
        let reached = addresses.map { IPAddress($0)?.description ?? $0 }
        names = Array(Swift.Set(reached + [host, "localhost", "127.0.0.1"])).sorted()
    }

    /// Creates what is missing, near its end, or for other names, and lets `user` read the served files.
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
        let openssl = try Program("openssl", package: "openssl")
        if !hasAuthority {
            try request(
                openssl, subject: "Roost authority of \(ProcessInfo.processInfo.hostName)",
                extensions: [
                    "basicConstraints = critical, CA:TRUE, pathlen:0",
                    "keyUsage = critical, keyCertSign, cRLSign",
                    "subjectKeyIdentifier = hash",
                ],
                period: .always, key: (authorityKeyPath, .centerAuthorityKey),
                certificate: (authorityPath, .centerAuthority))
        }
        let known = (try? WholeFile.read(namesPath)).map { String(decoding: $0, as: UTF8.self) }
        guard known != names.joined(separator: "\n") || !holds(openssl) else { return }
        try request(
            openssl, subject: names[0],
            extensions: [
                "basicConstraints = critical, CA:FALSE", "keyUsage = critical, digitalSignature",
                "extendedKeyUsage = serverAuth",
                "subjectAltName = \(names.map(Self.alternative).joined(separator: ", "))",
                "authorityKeyIdentifier = keyid",
            ],
            period: .days(Self.days, from: begin), key: (keyPath, .centerKey),
            certificate: (chainPath, .centerCertificate), isSignedByAuthority: true)
        // Last: until it exists, the next start makes everything again.
        try WholeFile.replace(
            namesPath, with: Array(names.joined(separator: "\n").utf8), at: .centerNames)
    }

    private static func alternative(_ name: String) -> String {
        let isAddress = name.contains(":") || name.allSatisfy { $0.isNumber || $0 == "." }
        return "\(isAddress ? "IP" : "DNS"):\(name)"
    }

    // MARK: Validity

    /// Whether the authority exists and is valid now. While the clock was never set this is unknown, and it stays: people have its
    /// certificate in their browsers.
    private var hasAuthority: Bool {
        let files = FileManager.default
        guard files.fileExists(atPath: authorityPath), files.fileExists(atPath: authorityKeyPath) else {
            return false
        }
        return now < ClockReading.earliestSecond || Self.holds(authorityPath, at: now)
    }

    private func holds(_ openssl: Program) -> Bool {
        guard FileManager.default.fileExists(atPath: chainPath),
            FileManager.default.fileExists(atPath: keyPath)
        else { return false }
        if now < ClockReading.earliestSecond { return true }
        // It may be from an earlier authority.
        let isOfAuthority =
            (try? openssl.run([
                "verify", "-no_check_time", "-no-CApath", "-no-CAstore", "-CAfile", authorityPath, chainPath,
            ])) != nil
        return isOfAuthority && Self.holds(chainPath, at: now, for: Self.renewalDays * 86_400)
    }

    /// Whether the certificate in a PEM file is valid at `now` (seconds since 1970), and for that many seconds more.
    static func holds(_ path: String, at now: Int, for seconds: Int = 0) -> Bool {
        guard let validity = try? ServerCertificate.validity(chainPath: path) else { return false }
        return validity.lowerBound <= now && now + seconds < validity.upperBound
    }

    // MARK: Making

    /// The validity of a certificate.
    private enum Period {
        /// From 1970 to the end of 9999, which means no end (RFC 5280 §4.1.2.5): valid by any clock of server and browser.
        case always
        /// This many days, from the day before `from` (seconds since 1970): clocks differ.
        case days(Int, from: Int)

        /// In the format of `openssl ca` (RFC 5280 §4.1.2.5.2).
        var dates: (start: String, end: String) {
            switch self {
            case .always: return ("19700101000000Z", "99991231235959Z")
            case .days(let days, let second):
                let start = min(second, Self.last) - 86_400
                return (Self.text(start), Self.text(min(start + days * 86_400, Self.last)))
            }
        }

        /// The end of 9999: certificates know no later year, and clocks without a battery may show one.
        private static let last = 253_402_300_799

        private static func text(_ second: Int) -> String {
            let style = Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted)
            return Date(timeIntervalSince1970: Double(second)).formatted(style).replacing("T", with: "")
        }
    }

    /// When the validity of a new certificate begins. A clock that was never set counts as the installation time of this program.
    private var begin: Int {
        if now >= ClockReading.earliestSecond { return now }
        let files = FileManager.default
        let program = try? files.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let attributes = program.flatMap { try? files.attributesOfItem(atPath: $0) }
        let installed = (attributes?[.modificationDate] as? Date).map { Int($0.timeIntervalSince1970) } ?? 0
        return max(ClockReading.earliestSecond, installed)
    }

    /// Creates a P-256 key and its certificate; the server's is followed by the authority's.
    private func request(
        _ openssl: Program, subject: String, extensions: [String], period: Period,
        key: (path: String, Replacement), certificate: (path: String, Replacement),
        isSignedByAuthority: Bool = false
    ) throws {
        let work = try WorkDirectory(in: directory, prefix: ".request-")
        defer { work.remove() }
        let text = """
            [req]
            prompt = no
            distinguished_name = subject
            [subject]
            CN = \(subject.prefix(60))
            [extensions]
            \(extensions.joined(separator: "\n"))
            [ca]
            default_ca = authority
            [authority]
            database = \(work.path)/index
            new_certs_dir = \(work.path)
            default_md = sha256
            x509_extensions = extensions
            policy = policy
            rand_serial = yes
            [policy]
            commonName = supplied

            """
        let configuration = "\(work.path)/openssl.cnf"
        try WholeFile.writeForNow(configuration, Array(text.utf8))
        try WholeFile.writeForNow("\(work.path)/index", [])
        try openssl.run([
            "req", "-new", "-config", configuration, "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "\(work.path)/key", "-out",
            "\(work.path)/request",
        ])
        let (start, end) = period.dates
        let signer =
            isSignedByAuthority
            ? ["-cert", authorityPath, "-keyfile", authorityKeyPath]
            : ["-selfsign", "-keyfile", "\(work.path)/key"]
        try openssl.run(
            [
                "ca", "-batch", "-config", configuration, "-in", "\(work.path)/request", "-out",
                "\(work.path)/certificate", "-notext", "-startdate", start, "-enddate", end,
            ] + signer)
        let chain = isSignedByAuthority ? try WholeFile.read(authorityPath) : []
        try WholeFile.replace(key.path, with: WholeFile.read("\(work.path)/key"), at: key.1)
        try WholeFile.replace(
            certificate.path, with: WholeFile.read("\(work.path)/certificate") + chain, at: certificate.1)
    }

    /// The SHA-256 fingerprint of the authority's certificate, as browsers show it.
    func fingerprint() throws -> String { try ServerCertificate.fingerprint(path: authorityPath) }
}
