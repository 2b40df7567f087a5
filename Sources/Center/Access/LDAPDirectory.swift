import CLDAP
import Dispatch
package import Fleet
import Glibc

/// The connection to an LDAP directory.
package struct LDAPSettings: Equatable, Sendable {
    /// `ldaps://HOST`, or `ldap://HOST` with StartTLS.
    package var url: String
    /// Off only for a directory on this host: passwords would travel in clear.
    package var usesTLS = true
    /// PEM file of the authority that signed the directory's certificate; nil: the system's.
    package var authorityPath: String?
    /// The entry that searches; empty: anonymous.
    package var searcher = ""
    package var searcherPassword = ""
    /// People are searched for below this entry.
    package var base: String
    /// `{name}` stands for the typed name.
    package var filter = "(uid={name})"
    /// The attribute with the log-in name, as it is shown and recorded.
    package var nameAttribute = "uid"
    /// Groups are searched for below this entry; nil: they are taken from `memberOf` of the person's entry.
    package var groupBase: String?
    /// `{dn}` stands for the person's entry, `{name}` for the log-in name.
    package var groupFilter = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))"
    /// Nil: roles are given here, manually.
    package var grants: DirectoryGrants?

    package init(url: String, base: String) {
        self.url = url
        self.base = base
    }
}

/// Verifies passwords with an LDAP directory: search, then bind as the entry found (RFC 4513 §5.1.3).
@safe struct LDAPDirectory: Sendable {
    private static let timeoutSeconds: Int32 = 5
    private static let groupLimit: Int32 = 1_000

    /// A hanging directory must not block other log-ins or the server: few threads, bounded waiting.
    private static let queue = DispatchQueue(label: "roost-ldap", attributes: .concurrent)
    private static let slots = DispatchSemaphore(value: 8)

    let settings: LDAPSettings

    /// Why a directory gave no answer.
    struct Unreachable: Error, CustomStringConvertible {
        var description: String
    }

    /// - Returns: nil when the directory knows no such person with this password.
    func person(name: String, password: String) async throws -> DirectoryPerson? {
        // An empty password is an anonymous bind, which succeeds (RFC 4513 §5.1.2).
        guard !password.isEmpty, !name.isEmpty else { return nil }
        return try await withCheckedThrowingContinuation { continuation in
            Self.queue.async {
                guard Self.slots.wait(timeout: .now() + .seconds(Int(Self.timeoutSeconds))) == .success else {
                    let busy = Unreachable(description: "too many log-ins wait for the directory")
                    return continuation.resume(throwing: busy)
                }
                defer { Self.slots.signal() }
                continuation.resume(with: Result { try find(name, password) })
            }
        }
    }

    private func find(_ name: String, _ password: String) throws -> DirectoryPerson? {
        guard
            let ldap = unsafe roost_ldap_open(settings.url, settings.authorityPath, Self.timeoutSeconds)
        else { throw Unreachable(description: "‘\(settings.url)’ is not the address of a directory") }
        defer { unsafe roost_ldap_close(ldap) }
        if settings.usesTLS, !settings.url.lowercased().hasPrefix("ldaps:") {
            try unsafe check(ldap_start_tls_s(ldap, nil, nil), ldap, "begin TLS")
        }
        try unsafe check(bind(ldap, settings.searcher, settings.searcherPassword), ldap, "log in to search")
        let filter = settings.filter.replacing("{name}", with: Self.escaped(name))
        let wanted = [settings.nameAttribute, "cn", "displayName", "memberOf"]
        let found = try unsafe search(ldap, settings.base, filter, wanted, limit: 2)
        // Two entries for one name: the person is ambiguous.
        guard found.count == 1, let entry = found.first else { return nil }
        let result = unsafe bind(ldap, entry.name, password)
        if [LDAP_INVALID_CREDENTIALS, LDAP_INAPPROPRIATE_AUTH, LDAP_UNWILLING_TO_PERFORM].contains(result) {
            return nil
        }
        try unsafe check(result, ldap, "log in as \(entry.name)")
        let logInName = entry.first(settings.nameAttribute) ?? name
        var groups = entry.values("memberOf")
        if let base = settings.groupBase {
            // As the searcher again: people often may not read groups.
            try unsafe check(
                bind(ldap, settings.searcher, settings.searcherPassword), ldap, "log in to search")
            let filter = settings.groupFilter.replacing("{dn}", with: Self.escaped(entry.name))
                .replacing("{name}", with: Self.escaped(logInName))
            groups += try unsafe search(ldap, base, filter, ["cn"], limit: Self.groupLimit).map(\.name)
        }
        return DirectoryPerson(
            name: logInName, fullName: entry.first("displayName") ?? entry.first("cn") ?? "", groups: groups)
    }

    // MARK: libldap

    /// An entry with the requested attributes, by their names in lower case.
    private struct Entry {
        var name: String
        var attributes: [String: [String]]

        func values(_ attribute: String) -> [String] { attributes[attribute.lowercased()] ?? [] }
        func first(_ attribute: String) -> String? { values(attribute).first }
    }

    private func bind(_ ldap: OpaquePointer, _ name: String, _ password: String) -> Int32 {
        unsafe roost_ldap_bind(ldap, name, password, UInt(password.utf8.count))
    }

    private func check(_ result: Int32, _ ldap: OpaquePointer, _ act: String) throws {
        guard result != LDAP_SUCCESS else { return }
        var text = unsafe String(cString: ldap_err2string(result))
        if let more = unsafe roost_ldap_diagnostic(ldap) {
            text += unsafe " (\(String(cString: more)))"
            unsafe ldap_memfree(more)
        }
        throw Unreachable(description: "cannot \(act) in the directory \(settings.url): \(text)")
    }

    private func search(
        _ ldap: OpaquePointer, _ base: String, _ filter: String, _ attributes: [String], limit: Int32
    ) throws -> [Entry] {
        var names: [UnsafeMutablePointer<CChar>?] = unsafe attributes.map { unsafe strdup($0) } + [nil]
        defer { unsafe names.forEach { unsafe free($0) } }
        var number: Int32 = 0
        let act = "search ‘\(filter)’ in \(base)"
        try unsafe check(roost_ldap_search(ldap, base, filter, &names, limit, &number), ldap, act)
        // Entry by entry: a directory that sends endlessly must not fill the memory with entries that we drop.
        let end = ContinuousClock.now + .seconds(Int(Self.timeoutSeconds))
        var entries: [Entry] = []
        while true {
            var message: OpaquePointer?
            let left = max(.zero, end - .now)
            let kind = unsafe roost_ldap_next(ldap, number, Int(left / .milliseconds(1)), &message)
            defer { unsafe ldap_msgfree(message) }
            guard kind > 0 else {
                try unsafe check(kind == 0 ? LDAP_TIMEOUT : roost_ldap_failure(ldap), ldap, act)
                continue
            }
            switch ber_tag_t(kind) {
            case LDAP_RES_SEARCH_ENTRY:
                if let entry = unsafe entry(ldap, message, attributes) { entries.append(entry) }
                // Those received are enough to see that the name is ambiguous.
                if entries.count >= limit { return entries }
            case LDAP_RES_SEARCH_RESULT:
                let result = unsafe roost_ldap_result_code(ldap, message)
                if result == LDAP_NO_SUCH_OBJECT { return [] }
                if result != LDAP_SIZELIMIT_EXCEEDED { try unsafe check(result, ldap, act) }
                return entries
            // References to other directories are not followed.
            default: break
            }
        }
    }

    private func entry(_ ldap: OpaquePointer, _ message: OpaquePointer?, _ attributes: [String]) -> Entry? {
        guard let name = unsafe ldap_get_dn(ldap, message) else { return nil }
        defer { unsafe ldap_memfree(name) }
        var values: [String: [String]] = [:]
        for attribute in attributes {
            values[attribute.lowercased()] = unsafe self.values(ldap, message, attribute)
        }
        return unsafe Entry(name: String(cString: name), attributes: values)
    }

    private func values(_ ldap: OpaquePointer, _ entry: OpaquePointer?, _ attribute: String) -> [String] {
        guard let values = unsafe ldap_get_values_len(ldap, entry, attribute) else { return [] }
        defer { unsafe ldap_value_free_len(values) }
        var texts: [String] = []
        var index = 0
        while let value = unsafe values[index] {
            let bytes = unsafe UnsafeRawBufferPointer(
                start: value.pointee.bv_val, count: Int(value.pointee.bv_len))
            unsafe texts.append(String(decoding: bytes, as: UTF8.self))
            index += 1
        }
        return texts
    }

    /// `text` as a value in a filter (RFC 4515 §3): it cannot end the value.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x00...0x1F, UInt8(ascii: "*"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\\"),
                // Placeholders of filters are not part of a name.
                UInt8(ascii: "{"), UInt8(ascii: "}"), 0x7F...0xFF:
                let digits = String(byte, radix: 16)
                result += digits.count == 1 ? "\\0\(digits)" : "\\\(digits)"
            default: result.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return result
    }
}
