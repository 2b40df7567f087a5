@testable import Center

/// A template as its tags, parsed independently of the rendering library.
indirect enum TemplateTag {
    /// `{{name}}` or `{{{name}}}`.
    case variable(String)
    /// `{{#name}}…{{/name}}`, or with `^`, which is shown for absent values.
    case section(String, isInverted: Bool, [Self])
    /// `{{>name}}`, or `{{<name}}…{{/name}}`, which overrides the blocks of the part.
    case part(String, blocks: [String: [Self]])
    /// `{{$name}}…{{/name}}`: the default contents, unless overridden.
    case block(String, [Self])

    struct Unreadable: Error {
        var tag: String
    }

    static func tags(of template: String) throws -> [Self] {
        var rest = template.matches(of: /\{\{\{?([#^\/>$<&!]?)([^}]+?)\}?\}\}/).map {
            (sign: String($0.1), name: String($0.2))
        }[...]
        return try tags(&rest, until: nil)
    }

    private static func tags(_ rest: inout ArraySlice<(sign: String, name: String)>, until end: String?)
        throws
        -> [Self]
    {
        var tags: [Self] = []
        while let tag = rest.popFirst() {
            switch tag.sign {
            case "/":
                guard tag.name == end else { throw Unreadable(tag: tag.name) }
                return tags
            case "#", "^":
                let inside = try Self.tags(&rest, until: tag.name)
                tags.append(.section(tag.name, isInverted: tag.sign == "^", inside))
            case ">": tags.append(.part(tag.name, blocks: [:]))
            case "$": tags.append(.block(tag.name, try Self.tags(&rest, until: tag.name)))
            case "<":
                var blocks: [String: [Self]] = [:]
                for case .block(let name, let inside) in try Self.tags(&rest, until: tag.name) {
                    blocks[name] = inside
                }
                tags.append(.part(tag.name, blocks: blocks))
            case "", "&": tags.append(.variable(tag.name))
            default: throw Unreadable(tag: tag.name)
            }
        }
        guard end == nil else { throw Unreadable(tag: end ?? "") }
        return tags
    }
}

/// Follows templates through their views, and collects mismatches.
struct TemplateWalk {
    /// The scope of a tag: the views around it, innermost last; nil is a text or a number.
    typealias Stack = [ViewSchema?]

    let book = ViewSchema.Book()
    private let templates: [String: [TemplateTag]]
    private(set) var faults: [String] = []
    /// Keys used by templates, by the type of view.
    private var used: [ObjectIdentifier: Set<String>] = [:]

    /// - Parameter templates: the sources by name.
    init(_ templates: [String: String]) throws {
        self.templates = try templates.mapValues { try TemplateTag.tags(of: $0) }
    }

    /// Follows the template of a page.
    mutating func follow(_ page: any TemplateView.Type) throws {
        let stack = [try book.schema(of: FormsView.self), try book.schema(of: page)]
        follow(templates[page.template.name] ?? [], stack, [:], page.template.name)
    }

    /// Properties of the visited views that no template shows.
    func unused() -> [String] {
        book.schemas.flatMap { id, schema in
            schema.keys.keys.filter { used[id]?.contains($0) != true }.map { "\(schema.type).\($0)" }
        }.sorted()
    }

    private mutating func follow(
        _ tags: [TemplateTag], _ stack: Stack, _ blocks: [String: [TemplateTag]], _ place: String
    ) {
        for tag in tags {
            switch tag {
            case .variable(let name): follow(variable: name, stack, place)
            case .section(let name, let isInverted, let inside):
                follow(section: name, isInverted: isInverted, inside, stack, blocks, place)
            case .block(let name, let standard):
                follow(blocks[name] ?? standard, stack, [:], "\(place) $\(name)")
            case .part(let name, let filled):
                if stack.last??.template != name {
                    faults.append("\(place): \(name) is shown of another view")
                }
                let filled = filled.merging(blocks) { $1 }
                follow(templates[name] ?? [], stack, filled, "\(place) >\(name)")
            }
        }
    }

    private mutating func follow(variable name: String, _ stack: Stack, _ place: String) {
        if name == "." {
            if let view = stack.last ?? nil { faults.append("\(place): {{.}} is a \(view.type)") }
            return
        }
        switch key(name, stack, place)?.value {
        case .text, .number, nil: break
        default: faults.append("\(place): {{\(name)}} is no text")
        }
    }

    private mutating func follow(
        section name: String, isInverted: Bool, _ inside: [TemplateTag], _ stack: Stack,
        _ blocks: [String: [TemplateTag]], _ place: String
    ) {
        guard let key = key(name, stack, place) else { return }
        let place = "\(place) #\(name)"
        switch key.value {
        case .flag: follow(inside, stack, blocks, place)
        case .number where !key.isOptional: faults.append("\(place): a number is always there")
        case .view where isInverted && !key.isOptional: faults.append("\(place): it is always there")
        case _ where isInverted: follow(inside, stack, blocks, place)
        case .view(let schema), .list(.view(let schema)): follow(inside, stack + [schema], blocks, place)
        default: follow(inside, stack + [nil], blocks, place)
        }
    }

    /// The key of the innermost view that has it, which is marked as used.
    private mutating func key(_ name: String, _ stack: Stack, _ place: String) -> ViewSchema.Key? {
        for schema in stack.reversed() {
            guard let schema, let key = schema.keys[name] else { continue }
            used[ObjectIdentifier(schema.type), default: []].insert(name)
            return key
        }
        faults.append("\(place): no view has ‘\(name)’")
        return nil
    }
}
