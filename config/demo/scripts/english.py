"""A plumber's calls, in English."""

from config.demo.scripts import Language, Script

_SCRIPTS = (
    Script(
        (
            "How can I help?",
            "There's water coming through the kitchen ceiling. I think it's the bathroom above.",
            "Have you turned the stop tap off?",
            "Yes, just now, but it is still dripping.",
            "Good. Open the cold taps to drain the pipes. {plumber} can be with you by {time}. What is the postcode?",
            "{postcode}. The name is {last}.",
            "Thank you. You will get a text when the van leaves. Please keep the electrics in that room off.",
            "Will do. Thanks ever so much.",
        ),
        "Leak through the kitchen ceiling at {postcode}. {plumber} sent for {time}.",
        analysis={"intent": "emergency", "resolved": True, "urgent": True},
        urgent=True,
    ),
    Script(
        (
            "What can I do for you?",
            "My boiler is due for its yearly service.",
            "Is it the {boiler} we fitted?",
            "That's the one.",
            "{plumber} has {day} at {time} or {other_day} at {late}.",
            "{other_day}, please.",
            "Booked. It takes about an hour and costs {price} pounds.",
        ),
        "Boiler service ({boiler}) booked for {other_day}, {late}. Quoted {price} pounds.",
        analysis={"intent": "booking", "resolved": True},
    ),
    Script(
        (
            "How can I help?",
            "I had a quote from you for a new shower, {price} pounds, and I have a question about it.",
            "Of course. What would you like to know?",
            "Does that include the tiling?",
            "I can't see that from here. I'll ask {plumber} to ring you back today.",
            "After {late} would be best.",
            "Noted. Thank you, {full}.",
        ),
        "Question on a shower quote of {price} pounds: is tiling included? Call back after {late}.",
        analysis={"intent": "quote", "resolved": False, "follow_up": True},
    ),
    Script(
        (
            "What's happened?",
            "The radiators are stone cold and the boiler shows {code}.",
            "That is low pressure. Shall I talk you through topping it up?",
            "Go on then.",
            "Under the boiler there are two small black taps. Open both until the needle reaches one and a half.",
            "It's moving. There, one and a half.",
            "~And it's firing up. Brilliant.",
            "Lovely. If it drops again within a week there is a leak somewhere, so do ring us.",
        ),
        "Boiler fault {code}: low pressure, topped up by phone.",
        analysis={"intent": "fault", "resolved": True},
    ),
    Script(
        (
            "How can I help?",
            "Your van is blocking my drive on {street}.",
            "I'm sorry. I'll put you through to the office so they can move it.",
            "Cheers.",
            "One moment.",
        ),
        "Van blocks a drive on {street}; put through to the office.",
        outcome="transferred",
        analysis={"intent": "complaint", "resolved": True},
    ),
    Script(
        (
            "What can I do for you?",
            "Are you Gas Safe registered? My landlord wants to know.",
            "Yes. The number is on our website and on every invoice; I can text it to you.",
            "Please do.",
            "Sent. Anything else?",
            "No, that's all. Ta.",
        ),
        "Asked for the Gas Safe number; sent by text.",
        analysis={"intent": "information", "resolved": True},
    ),
    Script(
        (
            "How can I help?",
            "I'd like to pay my last invoice, the one for {price} pounds.",
            "I don't take card details on the phone. I can text you a link to pay.",
            "That works.",
            "It's on its way. The link is good for two days.",
        ),
        "Wants to pay {price} pounds; payment link sent by text.",
        analysis={"intent": "billing", "resolved": True},
    ),
    Script(
        (
            "Hello, this is {agent}, the automated assistant of Ashby and Daughters. Is that {full}?",
            "Speaking.",
            "{plumber} is running late and will be with you at {late} instead. Is that still all right?",
            "Not ideal, but yes.",
            "Thank you for bearing with us.",
        ),
        "Told that {plumber} comes at {late}; agreed.",
        direction="outbound",
        analysis={"intent": "delay", "resolved": True},
    ),
    Script(
        (
            "Hello, this is {agent}, the automated assistant of Ashby and Daughters. Your boiler service is due.",
            "Already? Right. Can you do {other_day}?",
            "{other_day} at {time}. Shall I book it?",
            "Yes please.",
            "Done. You will get a reminder the day before.",
        ),
        "Yearly service booked for {other_day}, {time}.",
        direction="outbound",
        analysis={"intent": "recall", "resolved": True},
    ),
    Script(
        (
            "How can I help?",
            "Do you fit kitchens as well, or only the plumbing?",
            "Only the plumbing. I can give you two fitters we work with in Leeds.",
            "Would you? That's kind.",
            "I'll text you both names now.",
            "Thanks. Bye.",
        ),
        "Asked for kitchen fitters; two names sent by text.",
        analysis={"intent": "information", "resolved": True},
    ),
)

ENGLISH = Language(
    code="en",
    scripts=_SCRIPTS,
    slots={
        "day": ("Monday", "Tuesday", "Wednesday", "Thursday"),
        "other_day": ("Friday", "next Monday", "next Tuesday", "a week on Thursday"),
        "time": ("half past nine", "ten", "eleven fifteen", "noon"),
        "late": ("three", "half past three", "four", "quarter to five"),
        "plumber": ("Maya", "Gwen", "Dan", "Oluwaseun"),
        "boiler": ("combi in the loft", "one in the airing cupboard", "combi in the kitchen"),
        "code": ("F1", "E119", "F22", "A8"),
        "postcode": ("LS1 0XX", "LS6 0XX", "LS8 0XX", "LS17 0XX"),
        "street": ("Orchard Lane", "Mill Street", "Chapel Row"),
        "price": ("85", "95", "140", "420", "1,250"),
        "yes": ("Yes, that's fine.", "That's fine.", "Yes.", "Sure, go ahead."),
    },
    first_names=(
        "Amelia",
        "Owen",
        "Priya",
        "Callum",
        "Beth",
        "Idris",
        "Hannah",
        "Femi",
        "Rosie",
        "Liam",
        "Zara",
        "Ewan",
    ),
    last_names=("Holroyd", "Okonkwo", "Sutcliffe", "Bhatt", "Armitage", "Lowe", "Hirst", "Begum", "Dyson", "Marsh"),
    greeting=(
        "Ashby and Daughters, hello. I am {agent}, an automated assistant. This call is recorded so that we can deal "
        "with your request. Is that all right?"
    ),
    declines=(
        "I'd rather you didn't record me.",
        "That's fine, this call is not recorded. How can I help?",
    ),
)
