### Тексты чатов: того, что есть сразу после открытия страницы.

## Список чатов
list-search = Поиск
list-full = На устройстве нет места
list-memory = Браузер ничего не хранит
list-menu = Главное меню
list-label = Чаты
list-waiting = Ожидание сети...
list-connecting = Соединение...
list-retry = Нет соединения, снова через { $seconds } с
list-reaction = Реакция на ваше сообщение
list-updating = Обновление...
list-empty-title = Пока нет чатов
list-empty-hint = Начните с круглой кнопки внизу.
list-new-chat = Новый чат
list-new-private = Новый личный чат
list-new-group = Новая группа
list-new-public = Новая публичная группа
list-join = Войти по адресу
list-invites = Приглашения
list-invite-space = { $name } (пространство)
list-accept = Вступить
list-decline = Отклонить
list-invited-by = { $name } приглашает вас
list-invited = Вас приглашают
list-draft = Черновик:
list-you = Вы
list-pinned = Закреплён
list-muted = Без звука
list-mentions = Упоминания
list-unread = { $count ->
    [one] { $count } непрочитанное сообщение
    [few] { $count } непрочитанных сообщения
   *[other] { $count } непрочитанных сообщений
  }
folder-all = Все
folder-unread = Новые
folder-private = Личные
folder-groups = Группы

## Переписка
chat-back = Назад
chat-menu = Меню чата
chat-empty-name = Пустой чат
chat-choose = Выберите чат, чтобы начать общение
chat-history = Сообщения
chat-announce = { $name }: { $text }
chat-unread = Непрочитанные сообщения
chat-today = Сегодня
chat-yesterday = Вчера
chat-jump = К последнему сообщению
chat-online = в сети
chat-last-seen = в сети { $when }
chat-members = { $count ->
    [one] { $count } участник
    [few] { $count } участника
   *[other] { $count } участников
  }
chat-members-online = { $members }, { $count } в сети
chat-typing = печатает
chat-typing-one = { $name } печатает
chat-typing-two = { $first } и { $second } печатают
chat-typing-many = { $count ->
    [one] печатает { $count } человек
    [few] печатают { $count } человека
   *[other] печатают { $count } человек
  }
chat-empty-title = Сообщений пока нет
chat-empty-hint = Поздоровайтесь.
chat-load-failed = Сообщения не загрузились
message-edited = изменено
message-deleted = Сообщение удалено
message-encrypted = Зашифровано: откройте в другом клиенте
message-missing = Удалённое сообщение
message-sending = Отправляется
message-sent = Отправлено
message-read = Прочитано
message-failed = Не отправлено
message-retry = Отправить ещё раз
message-copy = Копировать текст
message-copied = Скопировано
message-reaction = { $count ->
    [one] { $key }, { $count } реакция
    [few] { $key }, { $count } реакции
   *[other] { $key }, { $count } реакций
  }

## Поле ввода
composer-placeholder = Сообщение
composer-send = Отправить
composer-save = Сохранить правку
composer-reply-to = Ответ: { $name }
composer-editing = Правка сообщения
composer-cancel = Отмена
composer-encrypted = Чат зашифрован. Открытым текстом отсюда ничего не отправляется: откройте его в другом клиенте.
composer-not-allowed = Вы не можете писать в этой группе.
composer-left = Вы не участник этого чата.
composer-join = Вступить

## О группе
info-close = Закрыть
info-role-owner = Владелец
info-role-admin = Администратор
info-role-moderator = Модератор
info-resize = Ширина списка чатов

## Настройки
folder-new = Новая папка
folder-edit = Изменить папку
folder-name = Название папки
folder-remove = Удалить папку
folder-kind-dm = Все личные чаты
folder-kind-group = Все группы

## Поиск, обзор
preview-title = Группа
preview-ask = Подать заявку
preview-asked = Заявка отправлена

## Media in messages
media-gone = Файла больше нет на сервере
media-failed = Не удалось загрузить
media-cancel = Отменить
media-save = Сохранить { $name }
media-voice = Голосовое сообщение
media-play = Воспроизвести
media-pause = Пауза
media-seek = Позиция
media-open-photo = Открыть фото
media-fetch = Загрузить
media-open-video = Открыть видео
text-code = Код
text-copy-code = Скопировать код
text-whole-quote = Цитата целиком
text-spoiler = Скрытый текст { $reason }

## Acting on messages
message-forwarded = Переслано от { $name }
message-forwarded-hidden = Пересланное сообщение
message-delete-title = Удалить сообщение?
message-delete-many = Удалить сообщения: { $count }?
message-delete-everyone = Удалить у всех
message-delete-me = Удалить у меня
message-delete-ban = Удалить всё от { $name } и заблокировать
message-delete-all = Удалить всё от { $name } ({ $count })
message-reacted-by = { $key } { $names }
saved-title = Сохранённые сообщения
chat-jump-mention = К следующему упоминанию

## Writing
composer-attach = Прикрепить
composer-attach-photo = Фото или видео
composer-attach-file = Файл
composer-emoji = Эмодзи
composer-voice = Записать голосовое сообщение
composer-voice-send = Отправить голосовое сообщение
composer-voice-cancel = Удалить запись
composer-voice-stop = Остановить запись
composer-voice-denied = Микрофон недоступен.
composer-long = Сообщение слишком длинное. Отправить файлом?
composer-unknown-command = Команды { $name } нет. Отправить как текст?
composer-command-failed = Этой команде нужно { $hint }
composer-paste-long = Вставленный текст длинный. Отправить его файлом?
composer-paste-keep = Оставить здесь
composer-muted = Вы не можете писать до { $when }.
composer-attach-camera = Камера
composer-banned = Вы заблокированы в этом чате.
composer-invited = Вас пригласили в этот чат.
composer-knocked = Вы попросили о вступлении.
composer-everyone = Уведомить всех
composer-bold = Жирный
composer-italic = Курсив
composer-underline = Подчёркнутый
composer-strike = Зачёркнутый
composer-mono = Моноширинный
composer-spoiler = Скрытый
composer-link = Ссылка
drop-photo = Отпустите, чтобы отправить как фото
drop-file = Отпустите, чтобы отправить как файлы
error-too-large = Файл слишком велик для этого сервера.
error-storage = На этом устройстве не осталось места.
service-history = { $actor } меняет видимость истории
service-alias = { $actor } задаёт публичный адрес { $value }
service-servers = { $actor } меняет список допущенных серверов
service-slowMode = { $actor } включает медленный режим: одно сообщение в { $value }
service-slowModeOff = { $actor } выключает медленный режим
service-roles = { $actor } меняет роли
service-role = { $actor } меняет роли { $target }

## Главное меню, архив, папки, уведомления
menu-contacts = Контакты
menu-explore = Обзор групп
list-archived = Архив
folder-empty = В этой папке нет чатов
space-of = Вы в { $mine } из { $all } комнат
bar-replaced = Эта группа продолжается в новой
bar-requests = { $count ->
    [one] { $count } заявка на вступление
    [few] { $count } заявки на вступление
   *[other] { $count } заявок на вступление
  }
notice-new = Новое сообщение
notice-answer = Ответить
access-public = Публичная
invite-block = Отклонить и заблокировать
invite-report = Отклонить, заблокировать и пожаловаться
invite-report-reason = Нежелательное приглашение
composer-replaced = Эта группа продолжается в новой.
composer-follow = Перейти в новую группу

## Threads
threads-unread = Новые ответы в ветках
thread-count = { $count ->
    [0] Ответов ещё нет
    [one] { $count } ответ
    [few] { $count } ответа
   *[many] { $count } ответов
  }

## Stickers
stickers-title = Стикеры и эмодзи
composer-suggestions = Подсказки
search-in-chat = Поиск в этом чате
later-open = Отложенные сообщения
