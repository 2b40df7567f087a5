import Fleet
import Linux
import NIOCore
import NIOSSL
import Synchronization

/// The server's certificate. After a renewal on disk, `reload` applies it to new connections.
package final class ServerCertificate: Sendable {
    private let chainPath: String
    private let keyPath: String
    private let shown: Mutex<Files>

    private struct Files {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource

        init(_ chainPath: String, _ keyPath: String) throws {
            do {
                chain = try NIOSSLCertificate.fromPEMFile(chainPath).map { .certificate($0) }
            } catch { throw InvalidSetting("\(chainPath) is not a certificate in PEM") }
            do {
                key = .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem))
            } catch {
                throw InvalidSetting("\(keyPath) is not a private key in PEM without a passphrase")
            }
            do {
                _ = try NIOSSLContext(configuration: configuration)
            } catch {
                throw InvalidSetting(
                    "the private key \(keyPath) does not belong to the first certificate in \(chainPath)")
            }
        }

        var configuration: TLSConfiguration {
            .makeServerConfiguration(certificateChain: chain, privateKey: key)
        }
    }

    /// Throws a sentence when the files cannot be used together.
    package static func check(chainPath: String, keyPath: String) throws {
        _ = try Files(chainPath, keyPath)
    }

    /// When the first certificate of a file is valid, in seconds since 1970.
    package static func validity(chainPath: String) throws -> Range<Int> {
        let first = try certificates(in: chainPath)[0]
        return first.notValidBefore..<max(first.notValidBefore, first.notValidAfter)
    }

    /// The SHA-256 of the first certificate of a file, as browsers show it: `AB:CD:…`.
    package static func fingerprint(path: String) throws -> String {
        let text = String(decoding: try WholeFile.read(path), as: UTF8.self)
        guard let fingerprint = X509Pair.fingerprint(of: text) else {
            throw InvalidSetting("\(path) is not a certificate in PEM")
        }
        return fingerprint
    }

    /// Throws unless a file has certificates in PEM.
    package static func requireCertificates(in path: String) throws { _ = try certificates(in: path) }

    private static func certificates(in path: String) throws -> [NIOSSLCertificate] {
        guard let certificates = try? NIOSSLCertificate.fromPEMFile(path), !certificates.isEmpty else {
            throw InvalidSetting("\(path) is not a certificate in PEM")
        }
        return certificates
    }

    /// - Parameters:
    ///   - chainPath: PEM, the server's own certificate first.
    ///   - keyPath: PEM.
    init(chainPath: String, keyPath: String) throws {
        (self.chainPath, self.keyPath) = (chainPath, keyPath)
        shown = Mutex(try Files(chainPath, keyPath))
    }

    /// Reads the files again; on failure nothing changes.
    func reload() throws {
        let files = try Files(chainPath, keyPath)
        shown.withLock { $0 = files }
    }

    /// The configuration for handshakes.
    var configuration: TLSConfiguration {
        var tls = shown.withLock { $0 }.configuration
        tls.minimumTLSVersion = .tlsv12
        tls.sslContextCallback = { [self] _, promise in
            let files = shown.withLock { $0 }
            var override = NIOSSLContextConfigurationOverride()
            (override.certificateChain, override.privateKey) = (files.chain, files.key)
            promise.succeed(override)
        }
        return tls
    }
}
