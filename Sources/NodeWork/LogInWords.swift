/// What a node itself says to a person at its log-in screen, in the five languages of the pages.
package struct LogInWords: Sendable {
    package enum Phrase: Int, CaseIterable, Sendable {
        case noKey, noServer, noAnswer, tooMany
    }

    private static let phrases: [String: [String]] = [
        "en": [
            "This machine cannot ask for a session: it was not started by its server, or its image is too old.",
            "The server that gives sessions cannot be reached.",
            "The server that gives sessions does not answer. Try again in a moment.",
            "Too many log-ins at this machine. Wait a minute, and try again.",
        ],
        "fr": [
            "Cette machine ne peut pas demander de session : son serveur ne l’a pas démarrée, ou son image est trop ancienne.",
            "Le serveur qui attribue les sessions est injoignable.",
            "Le serveur qui attribue les sessions ne répond pas. Réessayez dans un instant.",
            "Trop de connexions sur cette machine. Attendez une minute, puis réessayez.",
        ],
        "es": [
            "Esta máquina no puede pedir una sesión: no la ha arrancado su servidor, o su imagen es demasiado antigua.",
            "No se puede contactar con el servidor que asigna las sesiones.",
            "El servidor que asigna las sesiones no responde. Inténtelo de nuevo en un momento.",
            "Demasiados inicios de sesión en esta máquina. Espere un minuto e inténtelo de nuevo.",
        ],
        "pt": [
            "Esta máquina não pode pedir uma sessão: não foi arrancada pelo seu servidor, ou a sua imagem é demasiado antiga.",
            "Não é possível contactar o servidor que atribui as sessões.",
            "O servidor que atribui as sessões não responde. Tente de novo dentro de momentos.",
            "Demasiados inícios de sessão nesta máquina. Espere um minuto e tente de novo.",
        ],
        "el": [
            "Αυτό το μηχάνημα δεν μπορεί να ζητήσει συνεδρία: δεν το εκκίνησε ο διακομιστής του ή η εικόνα του είναι πολύ παλιά.",
            "Ο διακομιστής που αναθέτει τις συνεδρίες δεν είναι προσβάσιμος.",
            "Ο διακομιστής που αναθέτει τις συνεδρίες δεν απαντά. Δοκιμάστε ξανά σε λίγο.",
            "Πάρα πολλές συνδέσεις σε αυτό το μηχάνημα. Περιμένετε ένα λεπτό και δοκιμάστε ξανά.",
        ],
    ]

    private let own: [String]

    /// - Parameter language: `fr_FR.UTF-8`, say; one that is not known means English.
    package init(language: String) {
        own = Self.phrases[String(language.prefix(2))] ?? Self.phrases["en"] ?? []
    }

    package subscript(phrase: Phrase) -> String {
        own.indices.contains(phrase.rawValue) ? own[phrase.rawValue] : ""
    }
}
