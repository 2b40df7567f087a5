import API
import Fleet
import Wire

/// Finds members that nothing reads: passed over in silence, a misspelt one would change nothing, or take something away.
///
/// It works on JSON, because a decoded request no longer has the members that nothing reads.
enum UnknownMember {
    private static let nameLength = 100

    /// Throws where `json`, as JSONSerialization reads it, has a member that `form` does not know.
    ///
    /// - Parameter place: where it lies in the request; empty: it is the whole.
    static func refuse(in json: Any, _ form: FieldForm, at place: String = "") throws {
        switch form {
        // Without members it is open.
        case .object(let fields) where !fields.isEmpty:
            guard let members = json as? [String: Any] else { return }
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                guard let field = fields.first(where: { $0.name == name }) else {
                    let text = DeclaredItem.unknown(
                        name.beginning(length: nameLength), among: fields.map(\.name))
                    throw Problem(
                        422, "Unreadable request",
                        place.isEmpty ? text : "\(place): \(text)")
                }
                try refuse(in: value, field.form, at: place.isEmpty ? name : "\(place).\(name)")
            }
        case .list(let entry):
            guard let entries = json as? [Any] else { return }
            for (index, value) in entries.enumerated() {
                try refuse(in: value, entry, at: place.isEmpty ? "\(index)" : "\(place).\(index)")
            }
        default: break
        }
    }
}
