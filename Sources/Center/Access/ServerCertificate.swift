import NIOCore
import NIOSSL
import Synchronization

/// The server's certificate. After a renewal on disk, `reload` applies it to new connections.
final class ServerCertificate: Sendable {
    private let chainPath: String
    private let keyPath: String
    private let shown: Mutex<Files>

    private struct Files {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource

        init(_ chainPath: String, _ keyPath: String) throws {
            chain = try NIOSSLCertificate.fromPEMFile(chainPath).map { .certificate($0) }
            key = .privateKey(try NIOSSLPrivateKey(file: keyPath, format: .pem))
        }
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
        let files = shown.withLock { $0 }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: files.chain, privateKey: files.key)
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
