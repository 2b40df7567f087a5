import Foundation
import Sealing

/// Data that a browser carries to the log-in provider and back, as a cookie that only this server can read: the server stores nothing
/// meanwhile, so visits cannot fill its memory.
struct LogInTicket: Codable, Equatable {
    /// Characters of an address in the ticket: browsers keep cookies of up to 4096 bytes.
    static let pathLimit = 1_000
    private static let textLimit = 4_096

    var state: String
    var nonce: String
    var verifier: String
    /// Where the provider sends the browser.
    var redirect: String
    /// The page that the person wanted.
    var back: String
    /// `Clock.steadySecond` when it was created: the sealing key does not outlive the process either.
    var since: Int

    /// Encrypted and authenticated, in base64url.
    func sealed(by key: SecretKey) throws -> String {
        Base64URL.text(of: key.seal([UInt8](try JSONEncoder().encode(self))))
    }

    /// Nil unless sealed by `key`.
    init?(opening text: String, by key: SecretKey) {
        guard text.utf8.count <= Self.textLimit, let bytes = Base64URL.bytes(of: text),
            let json = key.open([UInt8](bytes)),
            let ticket = try? JSONDecoder().decode(Self.self, from: Data(json))
        else { return nil }
        self = ticket
    }

    init(redirect: String, back: String, since: Int) {
        (state, nonce, verifier) = (Secrets.make(), Secrets.make(), Secrets.make())
        self.redirect = redirect
        self.back = back.utf8.count <= Self.pathLimit ? back : "/"
        self.since = since
    }
}

/// Base64url without padding (RFC 4648 §5).
enum Base64URL {
    static func text(of bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }

    static func bytes(of text: some StringProtocol) -> Data? {
        let plain = String(text.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        return Data(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }
}
