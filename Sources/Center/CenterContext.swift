import Fleet
import Foundation
import Hummingbird
import NIOCore

/// What the control center knows of one request beside the request itself.
struct CenterContext: RequestContext, RemoteAddressRequestContext {
    var coreContext: CoreRequestContextStorage
    let remoteAddress: SocketAddress?
    /// The address that the request comes from, behind a trusted proxy the client's; empty on the local socket.
    var address: String
    /// Nil while nobody has said who they are.
    var caller: Caller?
    /// Asks anew who that is, for answers that go on for hours; nil where nothing can change.
    var recheck: (@Sendable () async throws -> Caller?)?
    /// The fields of a form that was posted by a page; its CSRF token has been checked.
    var form: Form?
    var language = Language.english

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.channel.remoteAddress
        address = remoteAddress?.ipAddress ?? ""
    }

    /// Who asks, when they may do `permission` somewhere.
    func caller(_ permission: Permission) throws -> Caller {
        guard let caller else {
            throw Problem(
                401, "Unauthorised", "this server wants a token (--token or ROOST_TOKEN) or a log-in")
        }
        try caller.requireSomewhere(permission)
        return caller
    }

    /// A component of the path, with its escapes resolved.
    func parameter(_ name: String) throws -> String {
        let text = try parameters.require(name)
        guard let decoded = text.removingPercentEncoding else {
            throw Problem(400, "Unreadable path", "‘\(text)’ is not percent-encoded UTF-8")
        }
        return decoded
    }
}

/// The fields of a posted form (application/x-www-form-urlencoded).
struct Form: Sendable {
    private let fields: [(name: String, value: String)]

    init(_ body: String) {
        fields = body.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            func decoded(_ text: Substring?) -> String {
                let text = (text ?? "").replacing("+", with: " ")
                return String(text).removingPercentEncoding ?? ""
            }
            return (decoded(parts.first), decoded(parts.count > 1 ? parts[1] : nil))
        }
    }

    /// The field's value; empty when the form has none.
    subscript(name: String) -> String { fields.first { $0.name == name }?.value ?? "" }

    /// All values of a field that may come several times.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    func has(_ name: String) -> Bool { fields.contains { $0.name == name } }

    /// The fields whose names begin with `prefix`, without it.
    func group(_ prefix: String) -> [(name: String, value: String)] {
        fields.filter { $0.name.hasPrefix(prefix) }.map {
            (String($0.name.dropFirst(prefix.count)), $0.value)
        }
    }
}
