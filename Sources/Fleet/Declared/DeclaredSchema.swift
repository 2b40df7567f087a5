/// The JSON Schema of files of the configuration (draft 2020-12), for editors: made from the settings and from what records are read from.
package enum DeclaredSchema {
    package static var schema: DeclaredValue {
        var properties: [String: DeclaredValue] = [
            "$schema": .object(["type": .text("string")]),
            DeclaredForms.sourceMember: described(
                "string", "Who applies these files; what each has applied is remembered."),
            "revision": described("integer", "The revision that an export is from; it has no effect."),
        ]
        for form in DeclaredForms.all {
            properties[form.member] = .object([
                "type": .text("array"), "items": .object(["$ref": .text("#/$defs/\(form.member)")]),
            ])
        }
        var definitions: [String: DeclaredValue] = ["settings": settings]
        for form in DeclaredForms.all {
            definitions[form.member] = object(DeclaredForms.fields[form.member] ?? [], key: form.keyMember)
        }
        return .object([
            "$schema": .text("https://json-schema.org/draft/2020-12/schema"),
            "title": .text("Configuration of Roost"), "type": .text("object"),
            "properties": .object(properties), "patternProperties": .object(["^x-": .object([:])]),
            "additionalProperties": .boolean(false), "$defs": .object(definitions),
        ])
    }

    private static func described(_ type: String, _ text: String) -> DeclaredValue {
        .object(["type": .text(type), "description": .text(text)])
    }

    private static func texts(_ words: [String]) -> DeclaredValue { .list(words.map { .text($0) }) }

    /// - Parameter key: the member that a record in a file always has; the others may be those of the record that is there.
    private static func object(_ fields: [RecordField], key: String? = nil) -> DeclaredValue {
        let required = key.map { [$0] } ?? fields.filter(\.isRequired).map(\.name)
        var members: [String: DeclaredValue] = [:]
        for field in fields { members[field.name] = schema(of: field.form) }
        return .object([
            "type": .text("object"), "properties": .object(members), "required": texts(required),
            "additionalProperties": .boolean(false),
        ])
    }

    private static func schema(of form: FieldForm) -> DeclaredValue {
        switch form {
        case .text(let hint):
            // An editor takes ‘600’ without quotation marks for a number; here it is the text that it looks like.
            var members: [String: DeclaredValue] = ["type": texts(["string", "number"])]
            if !hint.isEmpty { members["description"] = .text(hint) }
            return .object(members)
        case .choice(let words): return .object(["enum": texts(words)])
        case .integer: return .object(["type": .text("integer")])
        case .number: return .object(["type": texts(["number", "string"])])
        case .boolean: return .object(["type": .text("boolean")])
        case .list(let entry): return .object(["type": .text("array"), "items": schema(of: entry)])
        case .map:
            return .object([
                "type": .text("object"),
                "additionalProperties": .object(["type": texts(["string", "number", "boolean"])]),
            ])
        case .object(let fields): return object(fields)
        case .settings: return .object(["$ref": .text("#/$defs/settings")])
        }
    }

    // MARK: Settings

    private static var settings: DeclaredValue {
        var members: [String: DeclaredValue] = [:]
        for definition in SettingDefinition.all { members[definition.name] = schema(of: definition) }
        let namespaces = Settings.namespaces.map { namespace in
            (
                "^\(namespace.prefix)[.]",
                DeclaredValue.object(["type": texts(["string", "number", "boolean"])])
            )
        }
        return .object([
            "type": .text("object"), "properties": .object(members),
            "patternProperties": .object(Dictionary(namespaces) { first, _ in first }),
            "additionalProperties": .boolean(false),
        ])
    }

    private static func schema(of definition: SettingDefinition) -> DeclaredValue {
        var members: [String: DeclaredValue] = ["description": .text(definition.summary)]
        switch definition.kind {
        case _ where definition.isSecret:
            members["const"] = DeclaredValue(RecordSettings.hidden)
            return .object(members)
        case .text: members["type"] = texts(["string", "number"])
        case .choice(let words): members["enum"] = texts(words)
        case .integer(let range):
            members["type"] = .text("integer")
            members["minimum"] = .integer(range.lowerBound)
            members["maximum"] = .integer(range.upperBound)
        case .boolean: members["type"] = .text("boolean")
        // As ‘roost set’ takes them, or entry by entry.
        case .list:
            members["type"] = texts(["array", "string", "number"])
            members["items"] = .object(["type": texts(["string", "number"])])
        case .map:
            members["type"] = texts(["object", "string"])
            members["additionalProperties"] = .object(["type": texts(["string", "number", "boolean"])])
        }
        members["default"] = DeclaredValue(definition.defaultValue)
        return .object(members)
    }
}
