/// An answer that comes later. Its connection takes no further request meanwhile; the loop goes on.
final class LaterAnswer {
    private var take: ((HTTPAnswer) -> Void)?
    private var given: HTTPAnswer?
    /// The room that the answer takes once it is given.
    var place: LargeAnswers.Place?
    /// Its connection has ended: no one takes the answer.
    private(set) var isAbandoned = false

    /// - Parameter take: called once, with the first answer that is given.
    func whenGiven(_ take: @escaping (HTTPAnswer) -> Void) {
        if let given { take(given) } else { self.take = take }
    }

    func abandon() {
        isAbandoned = true
        take = nil
        place = nil
    }

    func give(_ answer: HTTPAnswer) {
        guard given == nil, !isAbandoned else { return }
        var answer = answer
        if answer.place == nil { answer.place = place.flatMap { $0.isNeeded(by: answer) ? $0 : nil } }
        place = nil
        given = answer
        let take = take
        self.take = nil
        take?(answer)
    }
}
