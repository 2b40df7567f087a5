import Fleet
import Sealing

/// The mark that running nodes are given, and what those that they bring back have told. No socket, no clock.
struct KnownStateMarks {
    private var made: (revision: Int, text: String)?
    /// The latest revision that was told.
    private var told = 0

    mutating func mark(of revision: Int, by marks: StateMarks) -> String {
        if let made, made.revision == revision { return made.text }
        let text = marks.mark(of: revision)
        made = (revision, text)
        return text
    }

    /// The revision in a mark that is later than the present one, once.
    mutating func later(_ mark: String, than revision: Int, by marks: StateMarks) -> Int? {
        guard let later = marks.revision(in: mark, beyond: max(revision, told)) else { return nil }
        told = later
        return later
    }
}

extension BootContext {
    /// Of the present revision.
    var stateMark: String {
        stateMarks.mark(of: snapshot.revision, by: StateMarks(settings.secrets))
    }

    /// A node brings back the last mark that it was given.
    func noteStateMark(_ mark: String) {
        let later = stateMarks.later(mark, than: snapshot.revision, by: StateMarks(settings.secrets))
        if let later { send(.laterState(revision: later)) }
    }
}
