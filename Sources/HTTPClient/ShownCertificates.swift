import NIOCore
import NIOPosix
import NIOSSL

/// The certificates that a server shows, before anything is trusted.
package enum ShownCertificates {
    private static let seconds: Int64 = 10

    /// Fetches the chain in PEM, the server's own first. Nothing is sent to the server but the beginning of a handshake.
    ///
    /// - Parameter url: `https://HOST:PORT`.
    package static func fetch(from url: String) async throws -> [String] {
        let destination = try HTTPDestination(HTTPClientRequest(url: url))
        guard case .host(let host, let port) = destination.address, destination.isEncrypted else {
            throw HTTPClientError(.address, at: url)
        }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        let context = try NIOSSLContext(configuration: tls)
        let (loop, name) = (MultiThreadedEventLoopGroup.singleton.any(), destination.serverName)
        let shown = loop.makePromise(of: [String].self)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.seconds(seconds))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(
                        context: context, serverHostname: name,
                        customVerificationCallback: { chain, promise in
                            let texts = chain.compactMap { certificate in
                                (try? certificate.toDERBytes()).map(Self.pem)
                            }
                            shown.succeed(texts)
                            // Looked at, not trusted: the handshake ends here.
                            promise.succeed(.failed)
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        do {
            let channel = try await bootstrap.connect(host: host, port: port).get()
            let timer = loop.scheduleTask(in: .seconds(seconds)) {
                shown.fail(
                    HTTPClientError(.noAnswer(.seconds(Self.seconds)), at: destination.description))
            }
            channel.closeFuture.whenComplete { _ in
                shown.fail(HTTPClientError(.notEncrypted, at: destination.description))
            }
            defer {
                timer.cancel()
                channel.close(promise: nil)
            }
            return try await shown.futureResult.get()
        } catch {
            shown.fail(error)
            throw HTTPClientError(meaning: error, at: destination.description, certificate: nil)
        }
    }

    /// RFC 7468.
    private static func pem(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                let digit = digits[bits >> (18 - 6 * place) & 63]
                text.append(place <= group.count ? digit : UInt8(ascii: "="))
            }
            if (start / 3 + 1) % 16 == 0 { text.append(UInt8(ascii: "\n")) }
        }
        return """
            -----BEGIN CERTIFICATE-----
            \(String(decoding: text, as: UTF8.self).trimmingSuffix { $0 == "\n" })
            -----END CERTIFICATE-----

            """
    }
}

extension String {
    fileprivate func trimmingSuffix(while isLost: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, isLost(last) { rest.removeLast() }
        return rest
    }
}
