/// Files of the configuration, read: what a source wants.
package struct Declaration: Sendable {
    package var source: SourceName
    /// As their forms want them; see ``DeclaredItem/checked(_:)``.
    package var items: [DeclaredItem]
    /// Whether what the source applied before, and no longer names, is removed.
    package var prunes: Bool

    /// Throws unless the items are as their forms want them.
    package init(source: SourceName, items: [DeclaredItem], prunes: Bool = false)
        throws(UnreadableDeclaration)
    {
        var problems: [DeclaredProblem] = []
        let items = items.map { $0.checked(&problems) }
        guard problems.isEmpty else { throw UnreadableDeclaration(problems) }
        self.source = source
        self.items = items
        self.prunes = prunes
    }
}

/// Records as values, and back: JSON does it.
package protocol DeclaredCoding: Sendable {
    /// Secrets are hidden.
    func value(of form: some DeclaredForm) throws -> DeclaredValue
    /// Throws ``DeclaredFault`` where the value is no such record.
    func form<Form: DeclaredForm>(_: Form.Type, from value: DeclaredValue) throws -> Form
}

/// Why a value is no record.
package struct DeclaredFault: Error {
    package var path: DeclaredPath
    package var text: Sentence

    package init(at path: DeclaredPath, _ text: Sentence) {
        self.path = path
        self.text = text
    }
}

/// What applying files would do to one record.
package struct DeclaredChange: Codable, Equatable, Sendable {
    package enum Act: String, Codable, Sendable {
        case add, change, remove
        /// It is as the files want it; from now on the source is remembered for it.
        case adopt
    }

    package struct Field: Codable, Equatable, Sendable {
        /// `settings.loader`.
        package var name: String
        package var before: DeclaredValue?
        package var after: DeclaredValue?
    }

    package var act: Act
    package var kind: String
    package var key: String
    package var fields: [Field]
}

/// A value that others changed since the source applied it, or set before the source knew the record.
package struct ForeignChange: Codable, Equatable, Sendable {
    package var kind: String
    package var key: String
    /// `settings.loader`; empty where the whole record was removed.
    package var name: String
    /// What the source applied; nil: nothing.
    package var applied: DeclaredValue?
    package var present: DeclaredValue?
    /// Nil: the files do not name it any more.
    package var wanted: DeclaredValue?
    package var file: String?
    package var line: Int?
}

extension ForeignChange: CustomStringConvertible {
    package var description: String {
        let place = file.map { file in line.map { "\(file):\($0): " } ?? "\(file): " } ?? ""
        if name.isEmpty { return "\(place)\(kind) \(key) was removed by others" }
        func shown(_ value: DeclaredValue?) -> String { value?.beginning ?? "nothing" }
        return
            "\(place)\(kind) \(key): \(name) is \(shown(present)) by others (applied: \(shown(applied)), wanted: \(shown(wanted)))"
    }
}
