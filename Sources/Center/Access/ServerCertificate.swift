import NIOCore
import NIOSSL
import Synchronization

/// The certificate that the server shows. One that has taken its place on the disk is shown to connections from `reload` on.
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
    ///   - chainPath: PEM, the server's own first.
    ///   - keyPath: PEM.
    init(chainPath: String, keyPath: String) throws {
        (self.chainPath, self.keyPath) = (chainPath, keyPath)
        shown = Mutex(try Files(chainPath, keyPath))
    }

    /// Reads the files anew; what cannot be read changes nothing.
    func reload() throws {
        let files = try Files(chainPath, keyPath)
        shown.withLock { $0 = files }
    }

    /// What handshakes go by.
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
