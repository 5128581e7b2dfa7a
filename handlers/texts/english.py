"""Lines in English. One short sentence of what happened, one of what to do."""

LINES: dict[str, str] = {
    # greetings and help
    "start": (
        "Hello! I am Parley. Write to me, send me a photo and ask about it, or hold the microphone "
        "and speak. /help lists what I can do."
    ),
    "help": (
        "Write, send a photo, or speak: I answer. In a group, mention me or reply to me.\n"
        "What works on a message (/describe, /edit, /variation, /transcribe, /translate) takes "
        "what you send along, or one that is there: as a reply to it, or by its menu.\n"
        "To change only a part of a picture, say which in words; or send a mask with /edit: a PNG "
        "of the same size, transparent where the picture may change.\n"
    ),
    "stranger": (
        "Hello! I only answer people on my list, and you are not on it yet. To let you in, my "
        "operator adds this line to the list of users:\n- {id}"
    ),
    "asked_in_thread": "🧵 {name}: {question}",
    "may_not_write": (
        "I was named in #{channel}, but I may not write there. A moderator can let me; or ask me "
        "here."
    ),
    "ask_me": "Yes? Write your question after my name, or reply to a message with it.",
    # answers
    "transcript": "🎤 {text}",
    "listening": "🎤 Listening: {done} of {total} parts are written down.",
    "translating": "🌐 Translating: {done} of {total} parts are done.",
    "whole_in_file": "📄 This is its beginning; the file holds all of it.",
    "no_times": "⏱ The service behind me does not tell when what was said: here is the text alone.",
    "notice_stopped": "⏹ Stopped.",
    "notice_cut": "⚠️ This answer broke off before its end. Press Continue to go on with it.",
    "notice_length": "⚠️ This answer reached its length limit. Press Continue to go on with it.",
    "notice_translation_cut": "⚠️ This translation broke off before its end. Please try again.",
    "notice_filtered": "⚠️ The service's safety system broke this answer off.",
    "notice_outlasted": (
        "⏳ I may write here for 15 minutes only, and this took longer. Please ask for the rest "
        "with a new question."
    ),
    "notice_in_file": "📄 No more messages fit in here: the file holds the whole answer.",
    "button_retry": "↻ Retry",
    "button_again": "↻ Try again",
    "button_continue": "Continue",
    "button_stop": "⏹ Stop",
    "stopped": "⏹ Stopped.",
    "nothing_to_stop": "There is nothing to stop right now.",
    "nothing_to_retry": "There is no answer to make again yet. Ask me something first.",
    "retry_no_picture": "For another picture, please send /image and what to draw again.",
    "nothing_to_continue": "The last answer is whole; there is nothing to go on with.",
    "edit_last_only": (
        "I answer an edit of your last question only. Send this one again as a new message."
    ),
    "unknown_command": "I do not know that command. /help lists what I can do.",
    "message_gone": (
        "I can no longer find the message that you asked about. If you still see it, please ask "
        "about it once more."
    ),
    "restarting": "I am being restarted. Please try again in a moment.",
    "new": "A new conversation begins. I no longer look at what was said before.",
    "reply_to_sound": "There is no recording in it. Give me one with it.",
    "button_picture_again": "↻ Again",
    "button_variation": "Variation",
    "button_edit": "Edit",
    "button_full_size": "Full size",
    "picture_cost": "{cost}",
    "pictures_cost": "{cost} for {count} pictures",
    "variation_by_edit": "The service makes no variations: I asked for one in words, as an edit.",
    "edit_how": (
        "Reply to the picture with /edit and what to change, for example: /edit make the sky darker"
    ),
    "no_picture_to_edit": "There is no picture in it. Give me one with it, or reply to one.",
    "picture_forgotten": "I no longer have that picture. Send it to me again, and I work on it.",
    "picture_transparent_jpeg": (
        "A JPEG cannot be transparent. Please take format=png or format=webp."
    ),
    "too_many_pictures": "Those are too many pictures; I can work on up to 16 at once.",
    "one_picture_only": "A variation is made of one picture. Please give me just one.",
    "reply_to_picture": "There is no picture or video in it. Give me one with it.",
    "describe": "Describe this picture.",
    "describe_video": "Describe what happens in this video.",
    "reply_to_translate": (
        "There is nothing to translate in it. Give me a recording, a photo or a text."
    ),
    "speech_failed": "I could not speak this answer. It stands above as text. (ref {ref})",
    # settings
    "settings": (
        "Settings of this chat\n"
        "Model: {model}\n"
        "Spoken answers: {voice_mode}, voice {voice}\n"
        "Looking at pictures: {detail}\n"
        "Language: {language}\n"
        "Voice notes: {voice_note}\n"
        "Persona: {persona}"
    ),
    "default": "default",
    "standard_persona": "standard",
    "own_persona": "your own (/persona shows it)",
    "any_language": "that of the question",
    "model_menu": "Model: {model}\nPick one, or send /model and any name.",
    "model_with_effort": "{model}, effort {effort}",
    "voice_menu": (
        "Spoken answers: {mode}, voice {voice}\n"
        "auto: a voice message is answered with one. on: every answer is spoken. off: none is."
    ),
    "detail_menu": (
        "Looking at pictures: {detail}\n"
        "low is quick and cheap, high sees small print, auto leaves it to the service. Videos are "
        "looked at closely only if you pick high."
    ),
    "language_menu": (
        "Language: {language}\nPick one, or send /settings language and a tag such as sv or pt-BR."
    ),
    "voice_note_menu": (
        "Voice notes: {voice_note}\n"
        "chat: I answer what you say. transcribe: I write it down. translate: I write it down in "
        "English."
    ),
    "persona_shown": "Who I am here:\n{persona}",
    "persona_standard": "I am my usual self here. /persona and a text makes me somebody else.",
    "persona_set": "From now on I am that. /persona default brings back my usual self.",
    "persona_reset": "I am my usual self again.",
    "button_model": "Model",
    "button_voice": "Voice",
    "button_detail": "Pictures",
    "button_language": "Language",
    "button_voice_note": "Voice notes",
    "button_persona": "Persona",
    "button_back": "‹ Settings",
    "chosen": "✓ {label}",
    "effort": "effort {effort}",
    # usage
    "usage_none": "You have used nothing yet.",
    "usage_days": "The last 7 days (UTC)",
    "usage_months": "By month",
    "usage_line": "{period}: {amount}, {calls} calls",
    "usage_call": "{period}: {amount}, 1 call",
    "usage_detail": "  {capability}, {model}: {amount}",
    "usage_unpriced": "{amount} without a known price",
    "usage_estimated": "≈ marks sums that hold estimates.",
    # what went wrong
    "reference": "(ref {ref})",
    "error_ours": "Something went wrong on my side. Nothing is lost; please try again.",
    "error_empty_file": "That file is empty. Please send it again.",
    "error_file_too_large": "That file is too large ({size}); I can take up to {limit}.",
    "error_picture_unreadable": (
        "I cannot read that picture; it may be damaged. Please send it again as JPEG or PNG."
    ),
    "error_picture_too_large": (
        "That picture has too many pixels ({megapixels} megapixels); I can take up to {limit}. "
        "Please send a smaller copy."
    ),
    "error_picture_option": (
        "The service cannot do that with {option}. Please choose another, or leave it out."
    ),
    "error_picture_value": "{name} can be {allowed}.",
    "error_picture_unreachable": (
        "The picture behind that link could not be fetched. Please send it as a photo."
    ),
    "error_video_unreadable": (
        "I cannot read that video; it may be damaged. Please send it again as MP4."
    ),
    "error_video_without_frames": "There is no picture in that video. Please send another.",
    "error_sound_unreadable": (
        "I cannot read that recording; it may be damaged. Please record it again."
    ),
    "error_nothing_heard": "I heard no words in that recording. Please try again, a little closer.",
    "error_content_unsupported": (
        "I cannot read {kind} yet. Send me text, a photo, a video or a voice message."
    ),
    "error_arguments": "Please write it like this: {usage}",
    "error_question_too_long": (
        "That is more than the model can read at once. Shorten it, or start afresh with /new."
    ),
    "error_content_refused": (
        "The service's safety system declined this. Please put it differently."
    ),
    "error_queue_full": (
        "{limit} messages are waiting here already, so I did not take this one. Please wait a "
        "little and send it again."
    ),
    "error_service_busy": "The service is busy right now. Please try again in a minute.",
    "error_service_busy_long": (
        "The service is busy and asks for a pause. Please try again in about {minutes} minutes."
    ),
    "error_pictures_unsupported": (
        "This model cannot look at pictures. Choose another with /model, or leave the picture out."
    ),
    "error_route_missing": (
        "The service behind me cannot do that. Please tell the person who runs me."
    ),
    "error_service_down": "The service has a problem right now. Please try again in a minute.",
    "error_service_silent": "The service did not answer in time. Please try again.",
    "error_service_rejected": (
        "The service did not accept this request. Please try it in another form."
    ),
    "error_key_refused": (
        "The service does not let me in right now. Please tell the person who runs me."
    ),
    "error_model_missing": (
        "The model {model} is not there for me. Please choose another with /model."
    ),
    "error_credit_exhausted": (
        "The account behind me has run out of credit. Please tell the person who runs me."
    ),
    "error_answer_empty": "The service sent an empty answer. Please try again.",
    "error_file_unavailable": "I could not fetch that file. Please send it again.",
    "error_delivery_refused": (
        "This chat did not take my answer. Please ask for it in another form."
    ),
}
