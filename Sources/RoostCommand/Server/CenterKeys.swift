import Center
import Foundation
import Images
import Linux

/// The certificate, key and token of the API's HTTPS side, made when they are missing.
enum CenterKeys {
    /// - Parameter address: `HOST:PORT` as configured.
    static func make(_ address: String, stateDirectory: String) throws -> RemoteAccess {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1]), (1...65_535).contains(port) else {
            throw InvalidAddress(text: address)
        }
        let host = String(parts[0])
        let directory = "\(stateDirectory)/center"
        let files = FileManager.default
        try files.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let (certificate, key, token) = (
            "\(directory)/certificate.pem", "\(directory)/key.pem", "\(directory)/token"
        )
        if !files.fileExists(atPath: certificate) {
            // Ten years: clients pin this very certificate, no authority stands behind it.
            try Program("openssl", package: "openssl").run([
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "3650",
                "-keyout", key, "-out", certificate, "-subj", "/CN=roost", "-addext",
                "subjectAltName=\(host.allSatisfy { $0.isNumber || $0 == "." } ? "IP" : "DNS"):\(host)",
            ])
            try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
        }
        if !files.fileExists(atPath: token) {
            let random = (0..<32).map { _ in UInt8.random(in: .min ... .max) }
            let text = random.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try WholeFile.replace(token, with: Array("\(text)\n".utf8), mode: 0o600)
        }
        let text = String(decoding: try WholeFile.read(token), as: UTF8.self)
        return RemoteAccess(
            host: host, port: port, certificatePath: certificate, keyPath: key,
            token: text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private struct InvalidAddress: Error, CustomStringConvertible {
        var text: String
        var description: String { "center.https: ‘\(text)’ is not ADDRESS:PORT" }
    }
}
