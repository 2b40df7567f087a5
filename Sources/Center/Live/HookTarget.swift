import Fleet

/// Where events are sent, and with what.
struct HookTarget: Equatable, Sendable {
    /// What a web hook is known by.
    enum Key: Hashable, Sendable, CustomStringConvertible {
        case number(Int), name(HookName)

        var isName: Bool { if case .name = self { true } else { false } }

        var description: String {
            switch self {
            case .number(let number): String(number)
            case .name(let name): name.text
            }
        }
    }

    var key: Key
    var url: String
    /// What signs deliveries; nil: nothing.
    var secret: String?
    /// The header of that name.
    var authorization: String?
    /// Empty: all.
    var kinds: [String]
    var group: GroupPath
    /// Why nothing is sent.
    var problem: String?

    init(_ hook: WebHook) {
        (key, url, secret) = (.number(hook.id), hook.url, hook.secret)
        (kinds, group) = (hook.kinds, hook.group)
        guard hook.place.isEmpty else { return }
        problem = "its address is sealed with another key: remove it, and add it again"
    }

    /// - Parameters:
    ///   - secrets: those of the site.
    ///   - value: of a secret; nil: it has none that can be read.
    init(
        _ hook: NamedHook, _ secrets: [SecretName: Secret],
        value: (SecretName) async throws -> [UInt8]?
    ) async throws {
        (key, url) = (.name(hook.name), hook.url)
        (kinds, group) = (hook.kinds.map(\.rawValue), hook.group)
        let names = [hook.key, hook.authorization].compactMap(\.self)
        problem = names.lazy.compactMap { hook.problem(of: $0, among: secrets)?.english }.first
        guard problem == nil else { return }
        secret = try await text(of: hook.key, value)
        authorization = try await text(of: hook.authorization, value)
    }

    /// Notes a problem where the value is no text for a header.
    private mutating func text(of name: SecretName?, _ value: (SecretName) async throws -> [UInt8]?)
        async throws -> String?
    {
        guard let name else { return nil }
        guard let bytes = try await value(name) else {
            problem = "secret \(name) has no value (roost secret set \(name))"
            return nil
        }
        // A file mostly ends with the end of its line.
        let line = bytes.last == UInt8(ascii: "\n") ? bytes.dropLast() : bytes[...]
        guard !line.isEmpty, line.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            problem = "the value of secret \(name) is not one line of letters, digits and signs"
            return nil
        }
        return String(decoding: line, as: UTF8.self)
    }
}
